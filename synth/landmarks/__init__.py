"""Pictures to landmarks: networks, tracking, given points, and where landmarks sit on a rig."""
