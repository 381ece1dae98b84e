"""Every method of the paper trained on the same frames and scored by the same protocols."""
