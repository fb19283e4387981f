"""The commands `synth` and `train`: parse, call, print."""
