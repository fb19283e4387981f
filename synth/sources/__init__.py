"""Where real frames come from: videos, pictures, CSV manifests, and the simulated stand-in."""
