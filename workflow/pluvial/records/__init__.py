"""Records: defined by a time, judged by the plan, materialised once, straight into a shard."""
