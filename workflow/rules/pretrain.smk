# Shards to encoders: the real training and its two controls.
rule pretrain:
    input:
        manifest="<results>/shards/manifest.json",
        proofs="<results>/shards/proofs.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        heightmap="<results>/frames/heightmap.nc",
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


rule embed:
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
