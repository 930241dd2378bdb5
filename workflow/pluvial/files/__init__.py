"""Files that appear whole or not at all, and fingerprints that say what is in them."""
