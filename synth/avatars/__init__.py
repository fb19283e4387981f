"""People without a body of their own: specifications, meshes, textures, poses."""
