"""PyTorch in `scripts/bench.py`: a loop over networks, or all of them as one vectorized ensemble; eager or compiled.

python -m scripts.peers.torch_peer tiny ensemble_compiled --trials=256 --epochs=50 --part=0/2 --threads=1 --out=FILE
"""

import itertools
import time

import torch
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from scripts.peers.command import curves_of, read_arguments, steady_seconds, write_results

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def lenet(task):
    """LeNet-5 with tanh and average pooling, on rows of 784 pixels."""
    _, one, two, *dense = task.widths
    layers = [nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, one, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)]
    layers += [nn.Conv2d(one, two, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()]
    for a, b in itertools.pairwise((25 * two, *dense)):
        layers += [nn.Linear(a, b), nn.Tanh()]
    model = nn.Sequential(*layers[:-1])
    draw(model)
    return model


def draw(model):
    """Keras's initial weights: Glorot-uniform, zero biases."""
    for layer in model:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


def network(task):
    """A stack of Linear layers, or LeNet-5."""
    if task.convolutional:
        return lenet(task)
    layers = []
    for number, (a, b) in enumerate(zip(task.widths, task.widths[1:], strict=False)):
        layers.append(nn.Linear(a, b))
        if number < len(task.widths) - 2:
            layers += [ACTIVATIONS[task.activation]()] + [nn.Dropout(task.dropout)] * (task.dropout > 0)
    model = nn.Sequential(*layers)
    draw(model)
    return model


def tensors(task):
    """Training and validation examples as tensors."""
    return [torch.from_numpy(array) for array in (*task.train, *task.validation)]


def loss_of(task, outputs, targets):
    """The mean loss of a batch, from logits."""
    return (binary_cross_entropy_with_logits if task.copies else cross_entropy)(outputs, targets)


def measures(task, outputs, targets):
    """Loss, and accuracy of classifiers."""
    accuracy = () if task.copies else ((outputs.argmax(1) == targets).float().mean().item(),)
    return (loss_of(task, outputs, targets).item(), *accuracy)


def optimizer_of(task, model, rate, decay):
    """The rule of a task; the decay of SGD is part of its gradient."""
    if task.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay, fused=True)
    if task.optimizer == "momentum":
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=decay, fused=True)
    return torch.optim.Adadelta(model.parameters(), lr=rate, rho=0.95, eps=1e-7)


def train_alone(task, compiled, curves):
    """One network after another, as PyTorch's tutorials do, but with examples gathered from memory."""
    x, y, vx, vy = tensors(task)
    passes = []
    model = network(task)
    forward = torch.compile(model) if compiled else model
    for trial, (rate, decay, seed) in enumerate(zip(task.rates, task.decays, task.seeds, strict=True)):
        torch.manual_seed(int(seed))
        draw(model)
        optimizer = optimizer_of(task, model, rate, decay)
        for epoch in range(task.epochs):
            begin = time.perf_counter()
            model.train()
            order, total = torch.randperm(len(x)), torch.zeros(())
            for index in order.split(task.batch_size):
                optimizer.zero_grad()
                loss = loss_of(task, forward(x[index]), y[index])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(index)
            model.eval()
            with torch.no_grad():
                values = measures(task, model(vx), vy)
            curves.add(trial, epoch, total.item() / len(x), *values)
            passes.append(time.perf_counter() - begin)
    return steady_seconds(passes, warm=2)


def search(task, curves):
    """The settings of a search, one after another."""
    begin = time.perf_counter()
    for trial, one in enumerate(task.settings):
        own = curves_of(one)
        train_alone(one, False, own)
        curves.values[:, trial] = own.values[:, 0]
    return time.perf_counter() - begin


def adamw(state, gradient, t, rate, decay):
    """AdamW for stacked weights [m, ...]: rate and decay have shapes that broadcast over them."""
    w, m, v = state
    m.lerp_(gradient, 0.1)
    v.lerp_(gradient * gradient, 0.001)
    step = rate / (1 - 0.9**t)
    w.mul_(1 - rate * decay).sub_(step * m / ((v / (1 - 0.999**t)).sqrt() + 1e-8))


def adadelta(state, gradient, t, rate, decay):
    """Adadelta for stacked weights."""
    w, g, d = state
    g.lerp_(gradient * gradient, 0.05)
    update = ((d + 1e-7) / (g + 1e-7)).sqrt() * gradient
    d.lerp_(update * update, 0.05)
    w.sub_(rate * update)


def train_ensemble(task, compiled, curves):
    """All networks as one: vmap over stacked weights, each with its own rate and decay, all with the same batches."""
    x, y, vx, vy = tensors(task)
    models = []
    for seed in task.seeds:
        torch.manual_seed(int(seed))
        models.append(network(task))
    weights, _ = stack_module_state(models)
    weights = {name: w.detach() for name, w in weights.items()}
    states = {name: (w, torch.zeros_like(w), torch.zeros_like(w)) for name, w in weights.items()}
    skeleton = network(task).to("meta")
    rates, decays = (torch.tensor(values, dtype=torch.float32) for values in (task.rates, task.decays))
    rule = {"adamw": adamw, "adadelta": adadelta}[task.optimizer]

    def value(params, inputs, targets):
        return loss_of(task, functional_call(skeleton, params, (inputs,)), targets)

    gradients = vmap(grad_and_value(value), in_dims=(0, None, None), randomness="different")

    def step(inputs, targets, t):
        grads, losses = gradients(weights, inputs, targets)
        for name, gradient in grads.items():
            shape = (-1,) + (1,) * (gradient.ndim - 1)
            rule(states[name], gradient, t, rates.view(shape), decays.view(shape))
        return losses

    def evaluate(params, inputs, targets):
        outputs = functional_call(skeleton, params, (inputs,))
        loss = loss_of(task, outputs, targets)
        return loss, loss if task.copies else (outputs.argmax(1) == targets).float().mean()

    validate = vmap(evaluate, in_dims=(0, None, None))
    if compiled:
        step, validate = torch.compile(step, dynamic=False), torch.compile(validate, dynamic=False)
    count, passes = torch.zeros(()), []
    for epoch in range(task.epochs):
        begin = time.perf_counter()
        order, total = torch.randperm(len(x)), torch.zeros(len(rates))
        for index in order.split(task.batch_size):
            count += 1
            total += step(x[index], y[index], count) * len(index)
        sums = torch.zeros(2, len(rates))
        with torch.no_grad():
            for inputs, targets in zip(vx.split(500), vy.split(500), strict=True):
                sums += torch.stack(validate(weights, inputs, targets)) * len(inputs)
        values = (sums / len(vx)).tolist()
        for trial, train in enumerate((total / len(x)).tolist()):
            curves.add(trial, epoch, train, *(row[trial] for row in values[: 1 if task.copies else 2]))
        passes.append(time.perf_counter() - begin)
    return steady_seconds(passes, warm=1)


VARIANTS = {
    "search": search,
    "eager": lambda task, curves: train_alone(task, False, curves),
    "compiled": lambda task, curves: train_alone(task, True, curves),
    "ensemble": lambda task, curves: train_ensemble(task, False, curves),
    "ensemble_compiled": lambda task, curves: train_ensemble(task, True, curves),
}

if __name__ == "__main__":
    arguments, task = read_arguments(VARIANTS)
    torch.set_num_threads(arguments.threads)
    curves = curves_of(task)
    write_results(arguments, task, curves, VARIANTS[arguments.variant](task, curves))
