"""The end of a training: its best weights, the test set looked at once, and all of it as one checkpoint."""

import math

from tinyformer.checkpoints.checkpoint import save_checkpoint


def save_trained(path, trainer, history):
    """Finish `trainer` and write the checkpoint to `path`; return (path, the Evaluation on the test set).

    `history` is the MetricsTracker that its records went into. The model then has its best weights.
    """
    test = trainer.finish()
    metadata = {
        "step": trainer.best_step,
        "epoch": trainer.best_step // trainer.steps_per_epoch,
        "steps_trained": trainer.step,
        "seconds": sum(s for s in history.steps["seconds"] if math.isfinite(s)),
        "test": {
            "correct": int(test.correct.sum()),
            "total": len(test),
            "accuracy": test.accuracy,
            "loss": test.loss,
        },
    }
    save_checkpoint(path, trainer.model, training=trainer.config, history=history, metadata=metadata)
    return path, test
