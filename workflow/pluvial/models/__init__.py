"""The networks and their loss. Layers and losses use ``keras.ops`` only."""
