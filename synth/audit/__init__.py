"""The label-transfer audit: whether a twin shows the Action Unit that its label names."""
