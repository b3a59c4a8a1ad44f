"""The labelled set of learning curves: trained here, labelled by how they were made and by counterfactuals."""
