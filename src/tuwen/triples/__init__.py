"""Triples (entity, relation, entity) of texts: extractors, and how alike two triples are."""
