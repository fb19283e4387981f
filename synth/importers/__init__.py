"""Heads from elsewhere become rigs: ICT-FaceKit, glTF with morph targets, folders of OBJ files."""
