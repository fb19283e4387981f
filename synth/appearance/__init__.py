"""Evidence about expression from pixels: furrows, folds, brow hair, nostrils, lips and lids."""
