"""Shards as a stream of batches: tf.data, from the files to physical values."""
