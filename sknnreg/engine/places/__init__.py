"""The seven places where a regularizer can act, in the order in which a batch meets them.

1. ``data``: the batch itself.
2. ``signal``: the activations, layer by layer.
3. ``weights_in_use``: the weights on their way into a product.
4. ``objective``: the loss, and penalties beside it.
5. ``update``: from the gradient to the step.
6. ``weights_at_rest``: the weights after the step.
7. ``time``: the sequence of epochs.

The places do not know one another, except that a layer of place 2 asks place 3 for its weights.
"""
