# Frames to records: an index row per candidate, one plan over all of them, then the shards.
rule index:
    input:
        rain=rain_before_and_in,
        depth=depth_in_and_at_targets,
        heightmap="<results>/frames/heightmap.nc",
    output:
        "<results>/index/{period}.parquet",
    log:
        "<logs>/index/{period}.log",
    benchmark:
        "<benchmarks>/index/{period}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        code=code("index.py"),
        part=part("time", "depth", "frames", "records"),
    script:
        "../scripts/index.py"


checkpoint plan:
    input:
        index=collect("<results>/index/{period}.parquet", period=PERIODS),
    output:
        plan="<results>/plan/plan.parquet",
        summary="<results>/plan/summary.json",
    log:
        "<logs>/plan.log",
    benchmark:
        "<benchmarks>/plan.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("plan.py"),
        part=part("time", "records"),
    script:
        "../scripts/plan.py"


rule shard:
    input:
        rain=collect("<results>/frames/rain/{period}.nc", period=PERIODS),
        depth=collect("<results>/frames/depth/{period}.nc", period=DEPTHS),
        plan="<results>/plan/plan.parquet",
    output:
        shard="<results>/shards/{split}/{shard}.tfrecord.gz",
        sidecar="<results>/shards/{split}/{shard}.json",
    log:
        "<logs>/shard/{split}-{shard}.log",
    benchmark:
        "<benchmarks>/shard/{split}-{shard}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2500),
        runtime=60,
    params:
        code=code("shard.py"),
        part=part("time", "depth", "frames", "records"),
    script:
        "../scripts/shard.py"


rule manifest:
    input:
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        sidecars=planned("<results>/shards/{split}/{shard}.json"),
        rain=f"<results>/frames/rain/{PERIODS[0]}.nc",
        depth=f"<results>/frames/depth/{DEPTHS[0]}.nc",
    output:
        "<results>/shards/manifest.json",
    log:
        "<logs>/manifest.log",
    benchmark:
        "<benchmarks>/manifest.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        code=code("manifest.py"),
        part=part("time", "records"),
    script:
        "../scripts/manifest.py"


rule tfrecords:
    input:
        rules.manifest.output,
        rules.manifest.input.shards,
    localrule: True
