"""The PI's delegation of duties to the staff of a site, and the training that the duties need."""
