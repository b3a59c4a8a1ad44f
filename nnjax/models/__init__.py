"""The networks of the lecture slides as pure functions: `registry.make_model` builds one by name."""
