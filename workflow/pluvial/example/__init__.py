"""Raw data as an archive would hold it, made for the tutorial."""
