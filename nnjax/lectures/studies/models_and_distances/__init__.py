"""Study: models beside distances."""
