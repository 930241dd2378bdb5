# Shards and the pretrained rain tower to water depth: the depth model, and what it predicts.


rule depth_train:
    input:
        manifest="<results>/shards/manifest.json",
        proofs="<results>/shards/proofs.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        heightmap="<results>/frames/heightmap.nc",
        encoder=encoder_of_depth_run,
    output:
        model="<results>/depth/{model}/model.keras",
        model_sha256="<results>/depth/{model}/model.keras.sha256",
        history="<results>/depth/{model}/history.csv",
        training="<results>/depth/{model}/training.json",
    log:
        "<logs>/depth_train/{model}.log",
    benchmark:
        "<benchmarks>/depth_train/{model}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(8000),
        runtime=1440,  # not with the attempt: out of time, it queues again and goes on
        gpu=1,
    params:
        code=code("depth_model.py"),
        model=lambda wildcards: depth_run(wildcards).model_dump(
            mode="json", exclude={"gpu_memory_gib", "label_efficiency"}
        ),
        towers=CASE.pretrain.encoder.model_dump(mode="json"),
        checkpoints=path("<checkpoints>/depth"),
        tensorboard=path("<results>/tensorboard/depth"),
    script:
        "../scripts/depth_model.py"


rule depth_predict:
    input:
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        model="<results>/depth/{model}/model.keras",
    output:
        "<results>/depth/{model}/predictions/{split}.nc",
    log:
        "<logs>/depth_predict/{model}-{split}.log",
    benchmark:
        "<benchmarks>/depth_predict/{model}-{split}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
        gpu=1,
    params:
        code=code("depth_predictions.py"),
    script:
        "../scripts/depth_predictions.py"


rule depth_model:
    input:
        "<results>/depth/main/model.keras",
        "<results>/depth/main/predictions/test.nc",
    localrule: True


# Does pretraining help? Every start at every share of the labels, with several seeds.
rule label_efficiency:
    input:
        collect(
            "<results>/depth/{model}/predictions/test.nc",
            model=CASE.depth_model.efficiency_runs(),
        ),
    localrule: True


rule forecast:
    input:
        model=forecast_model,
        sources=forecast_sources,
    output:
        rain="<results>/forecast/rain.nc",
        forecast="<results>/forecast/forecast.nc",
        geotiffs=directory("<results>/forecast/geotiff"),
    log:
        "<logs>/forecast.log",
    benchmark:
        "<benchmarks>/forecast.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
        gpu=1,
    params:
        code=code("forecast.py"),
        part=part(
            *("forecast", "rain", "heightmap", "time", "domain", "frames"),
            "data_folder",
        ),
    script:
        "../scripts/forecast.py"


# How many parameters, how much memory, which batch: before a GPU is booked.
rule depth_memory:
    input:
        manifest="<results>/shards/manifest.json",
        heightmap="<results>/frames/heightmap.nc",
    output:
        "<results>/depth/memory.json",
    log:
        "<logs>/depth_memory.log",
    benchmark:
        "<benchmarks>/depth_memory.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=code("depth_memory.py"),
        model=CASE.depth_model.model_dump(mode="json", exclude={"label_efficiency"}),
        towers=CASE.pretrain.encoder.model_dump(mode="json"),
    script:
        "../scripts/depth_memory.py"
