#version 330 core
in vec3 v_diffuse;
in vec3 v_specular;
in vec2 v_uv;
in vec3 v_fold;
uniform sampler2D albedo_map;              // square root of linear albedo
uniform sampler2D crease_map;
uniform vec3 tint;                         // Beer-Lambert factor of the pigments
out vec4 colour;

void main() {
    vec4 albedo = texture(albedo_map, v_uv);
#ifdef STRAND
#ifdef CUT
    if (albedo.a < 0.5) discard;
#endif
    vec3 base = albedo.rgb * albedo.rgb;
    float gloss = texture(crease_map, v_uv).a * 2.0;
    vec3 lit = base * v_diffuse + (vec3(0.30) + 2.5 * base) * v_specular * gloss;
#else
    vec4 crease = texture(crease_map, v_uv);
    vec3 base = albedo.rgb * albedo.rgb * mix(vec3(1.0), tint, albedo.a);
    float relief = dot(crease.rgb * 2.0 - 1.00392, v_fold);
    vec3 depth = relief * vec3(0.78, 1.0, 1.08);
    vec3 shade = 1.0 + depth + 0.5 * depth * depth;
    vec3 lit = base * v_diffuse * shade + v_specular * (crease.a * 2.0 * shade.g);
#endif
    colour = vec4(sqrt(max(lit, 0.0)) * 0.90909, 1.0);   // resolve.py makes display values of it
}
