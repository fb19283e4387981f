#version 330 core
// Light is computed per vertex: the refined mesh has triangles of one or two pixels.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in vec2 surface;      // occlusion, material
layout(location = 4) in vec4 visibility;
layout(location = 5) in vec3 region;

uniform mat4 to_clip;
uniform vec3 light_direction[4];           // head axes
uniform vec3 light_colour[4];
uniform int light_count;
uniform vec3 sky;
uniform vec3 ground;
uniform vec3 up;                           // camera up in head axes
uniform vec3 camera;                       // camera position in head axes
uniform vec4 material[10];                 // roughness, reflectance, wrap, specular gain
uniform float fold[32];

out vec3 v_diffuse;
out vec3 v_specular;
out vec2 v_uv;
out vec3 v_fold;

void main() {
    gl_Position = to_clip * vec4(position, 1.0);
    int kind = int(surface.y + 0.5);
    vec4 m = material[kind];
    vec3 view = normalize(camera - position);
    vec3 n = normal;
    if (kind >= 5 && dot(n, view) < 0.0) n = -n;
    float nv = max(dot(n, view), 0.05);
    float a2 = m.x * m.x * m.x * m.x;
    float k = (m.x + 1.0) * (m.x + 1.0) * 0.125;
    vec3 wrap = m.z * vec3(1.0, 0.42, 0.28);
    vec3 strand = normalize(vec3(0.0, -1.0, 0.25) + n * (n.y - 0.25 * n.z) + vec3(0.0, 0.0, 1e-4));
    vec3 diffuse = mix(ground, sky, dot(n, up) * 0.5 + 0.5) * surface.x;
    vec3 specular = diffuse * (m.y * m.w * 0.6);
    for (int i = 0; i < light_count; i++) {
        vec3 l = light_direction[i];
        float open = clamp(visibility.x + dot(visibility.yzw, l), 0.0, 1.0);
        open = open * open * (3.0 - 2.0 * open);
        float nl = dot(n, l);
        vec3 soft = clamp((vec3(nl) + wrap) / (vec3(1.0) + wrap), 0.0, 1.0);
        vec3 shade = mix(vec3(open), vec3(1.0), wrap * 0.25);
        diffuse += light_colour[i] * soft * shade;
        vec3 h = normalize(l + view);
        float nh = max(dot(n, h), 0.0), vh = max(dot(view, h), 0.0);
        float om = 1.0 - vh, om2 = om * om;
        float fresnel = m.y + (1.0 - m.y) * om2 * om2 * om;
        float lobe;
        float facing = max(nl, 0.0);
        if (kind == 7) {
            float th = dot(strand, h);
            lobe = pow(max(1.0 - th * th, 0.0), 24.0) * 2.2 * clamp(nl * 2.0 + 0.3, 0.0, 1.0);
        } else {
            float d = nh * nh * (a2 - 1.0) + 1.0;
            lobe = facing * a2 / (d * d) * 0.25 / ((facing * (1.0 - k) + k) * (nv * (1.0 - k) + k));
        }
        specular += light_colour[i] * (fresnel * lobe * open * m.w);
    }
    v_diffuse = diffuse;
    v_specular = specular;
    v_uv = uv;
    v_fold = vec3(fold[int(region.x + 0.5)], fold[int(region.y + 0.5)], fold[int(region.z + 0.5)]);
}
