"""The labeled set of learning curves: trained here, labeled by how they were made and by counterfactuals."""
