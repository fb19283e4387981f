"""Scenes, cameras and the renderers that draw avatars in them."""
