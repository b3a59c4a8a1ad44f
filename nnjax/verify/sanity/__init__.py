"""Sanity checks before training: a few short trials that show whether learning can work at all.

The classic ones (Karpathy 2019, "A Recipe for Training Neural Networks"; Stanford cs231n, "Neural networks part 3"):
the loss at the start, overfitting twenty examples, the inputs taken away, the labels shuffled. All are trials of the
ordinary trainer on changed data of equal shapes, so one program, compiled once, runs them.
"""
