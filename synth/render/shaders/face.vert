#version 330 core
// Light is computed per vertex (raster_kernels.py): the refined mesh has triangles of one or two pixels.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 diffuse;
layout(location = 2) in vec3 specular;
layout(location = 3) in vec2 uv;
layout(location = 4) in vec3 fold;         // depths of the three layers of folds

uniform mat4 to_clip;

out vec3 v_diffuse;
out vec3 v_specular;
out vec2 v_uv;
out vec3 v_fold;

void main() {
    gl_Position = to_clip * vec4(position, 1.0);
    v_diffuse = diffuse;
    v_specular = specular;
    v_uv = uv;
    v_fold = fold;
}
