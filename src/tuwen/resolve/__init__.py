"""Which pictures and texts are of the same entity: prepare, block, score, join, decide, cluster, evaluate."""
