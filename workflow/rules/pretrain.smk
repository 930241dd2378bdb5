# Shards to encoders: the real training, which can be asked for by its rule's name, and its two
# controls: one trained on pairs torn apart, one not trained.
rule pretrain:
    """Train the rain and the depth encoder."""
    input:
        manifest="<results>/shards/manifest.json",
        proofs="<results>/shards/proofs.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        heightmap="<results>/frames/heightmap.nc",
    output:
        rain="<results>/encoders/trained/rain.keras",
        rain_sha256="<results>/encoders/trained/rain.keras.sha256",
        depth="<results>/encoders/trained/depth.keras",
        depth_sha256="<results>/encoders/trained/depth.keras.sha256",
        history=report(
            "<results>/encoders/trained/history.csv",
            caption="../report/history.rst",
            category="Tables",
            labels={"table": "training, epoch by epoch"},
        ),
        training="<results>/encoders/trained/training.json",
    log:
        "<logs>/pretrain/trained.log",
    benchmark:
        "<benchmarks>/pretrain/trained.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(8000),
        runtime=1440,  # not with the attempt: out of time, it queues again and goes on
        gpu=1,
    params:
        code=code("pretrain.py"),
        part=part("pretrain"),
        checkpoints=path("<checkpoints>"),
        tensorboard=path("<results>/tensorboard"),
    script:
        "../scripts/pretrain.py"


use rule pretrain as pretrain_control with:
    output:
        rain="<results>/encoders/{run}/rain.keras",
        rain_sha256="<results>/encoders/{run}/rain.keras.sha256",
        depth="<results>/encoders/{run}/depth.keras",
        depth_sha256="<results>/encoders/{run}/depth.keras.sha256",
        history="<results>/encoders/{run}/history.csv",
        training="<results>/encoders/{run}/training.json",
    log:
        "<logs>/pretrain/{run}.log",
    benchmark:
        "<benchmarks>/pretrain/{run}.tsv"
    resources:
        mem_mb=memory(8000),
        runtime=1440,  # not with the attempt: out of time, it queues again and goes on
        gpu=1,


rule embed:
    """Embed every record with the trained encoders."""
    input:
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        rain="<results>/encoders/trained/rain.keras",
        depth="<results>/encoders/trained/depth.keras",
    output:
        "<results>/embeddings/trained.parquet",
    log:
        "<logs>/embed/trained.log",
    benchmark:
        "<benchmarks>/embed/trained.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
        gpu=1,
    params:
        code=code("embed.py"),
        splits=["train", "val", "test"],
    script:
        "../scripts/embed.py"


use rule embed as embed_control with:
    input:
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        rain="<results>/encoders/{run}/rain.keras",
        depth="<results>/encoders/{run}/depth.keras",
    output:
        "<results>/embeddings/{run}.parquet",
    log:
        "<logs>/embed/{run}.log",
    benchmark:
        "<benchmarks>/embed/{run}.tsv"
