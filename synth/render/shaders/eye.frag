#version 330 core
// The eyeball is lit per pixel: its highlight and its iris are smaller than its triangles.
in vec3 v_position;
uniform sampler2D albedo_map;
uniform vec3 light_direction[4];
uniform vec3 light_colour[4];
uniform int light_count;
uniform vec3 sky;
uniform vec3 ground;
uniform vec3 up;
uniform vec3 camera;
uniform vec3 centre[2];
uniform mat3 to_gaze[2];
uniform vec4 lid[2];                       // upper lid y, lower lid y, middle x, half width
uniform float iris_rad;
uniform vec4 tile;                         // centre of the eye's tile and texture units per radian
out vec4 colour;

void main() {
    int side = v_position.x > 0.0 ? 0 : 1;
    vec3 d = normalize(v_position - centre[side]);
    vec3 local = to_gaze[side] * d;
    float angle = acos(clamp(local.z, -1.0, 1.0));
    vec2 around = local.xy / max(length(local.xy), 1e-5);
    vec3 base = texture(albedo_map, tile.xy + tile.zw * around * min(angle, 1.18)).rgb;
    base *= base;
    float bulge = 1.0 - smoothstep(0.8 * iris_rad, 1.25 * iris_rad, angle);
    vec3 axis = vec3(to_gaze[side][0][2], to_gaze[side][1][2], to_gaze[side][2][2]);
    vec3 n = normalize(d + bulge * 0.35 * (d - axis * dot(d, axis)));
    vec3 view = normalize(camera - v_position);
    float across = (v_position.x - lid[side].z) / lid[side].w;
    float fall = max(1.0 - across * across, 0.0);
    float middle = 0.5 * (lid[side].x + lid[side].y);
    float top = middle + (lid[side].x - middle) * fall;
    float bottom = middle + (lid[side].y - middle) * fall;
    float shadow = mix(0.26, 1.0, smoothstep(-0.3, 5.6, top - v_position.y));
    shadow *= mix(0.70, 1.0, smoothstep(-0.3, 1.8, v_position.y - bottom));
    shadow *= mix(0.40, 1.0, smoothstep(0.0, 0.8, fall));
    // Lids lend their colour to the light in their shade, and the inner corner is flesh.
    vec3 shade = shadow * (1.0 - vec3(0.0, 0.10, 0.20) * (1.0 - shadow));
    float inner = smoothstep(0.45, 0.95, side == 0 ? -across : across);
    shade *= 1.0 - vec3(0.0, 0.26, 0.26) * inner;
    vec3 diffuse = mix(ground, sky, dot(d, up) * 0.5 + 0.5);
    vec3 specular = vec3(0.0);
    for (int i = 0; i < light_count; i++) {
        vec3 l = light_direction[i];
        diffuse += light_colour[i] * clamp((dot(d, l) + 0.3) / 1.3, 0.0, 1.0);
        float nh = max(dot(n, normalize(l + view)), 0.0);
        specular += light_colour[i] * (smoothstep(0.9962, 0.9992, nh) * 1.1 + pow(nh, 60.0) * 0.04);
    }
    vec3 lit = base * diffuse * shade * 0.92 + specular * mix(0.35, 1.0, shadow) * mix(0.3, 1.0, bulge);
    colour = vec4(sqrt(max(lit, 0.0)) * 0.90909, 1.0);
}
