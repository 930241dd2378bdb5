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
    group:
        batch("index", period_number, 12)
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        code=code("index.py"),
        part=part("depth", "frames", "records"),
        time=time_for(None),
    script:
        "../scripts/index.py"


checkpoint plan:
    input:
        index=index_up_to,
        earlier=plans_before,
    output:
        plan="<results>/plan/{edition}.parquet",
        summary="<results>/plan/{edition}.json",
    log:
        "<logs>/plan/{edition}.log",
    benchmark:
        "<benchmarks>/plan/{edition}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=minutes(30),
    params:
        code=code("plan.py"),
        part=part("records"),
        time=time_of_edition,
    script:
        "../scripts/plan.py"


rule shard:
    input:
        accounts=accounts_up_to,
        plan=lambda wildcards: f"<results>/plan/{wildcards.shard[:2]}.parquet",
    output:
        shard="<results>/shards/{split}/{shard}.tfrecord.gz",
        table="<results>/shards/{split}/{shard}.parquet",
        sidecar="<results>/shards/{split}/{shard}.json",
    log:
        "<logs>/shard/{split}-{shard}.log",
    benchmark:
        "<benchmarks>/shard/{split}-{shard}.tsv"
    group:
        batch("shards", shard_number, 2)
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        code=code("shard.py"),
        part=part("depth", "frames", "records"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
        time=lambda wildcards: edition_named(wildcards.shard[:2]).time.model_dump(
            mode="json"
        ),
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
        runtime=minutes(10),
    params:
        code=code("manifest.py"),
        part=part("time", "records"),
    script:
        "../scripts/manifest.py"


# Everything adds up, and the depth follows its rain: no training without it.
rule proofs:
    input:
        report="<results>/frames/report.json",
        summaries=collect("<results>/plan/{edition.name}.json", edition=EDITIONS),
        manifest="<results>/shards/manifest.json",
        tables=planned("<results>/shards/{split}/{shard}.parquet"),
    output:
        "<results>/shards/proofs.json",
    log:
        "<logs>/proofs.log",
    benchmark:
        "<benchmarks>/proofs.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=code("proofs.py"),
        part=part("time", "records"),
    script:
        "../scripts/proofs.py"


# The card of the dataset: for people, and as Croissant for machines.
rule dataset_card:
    """The card of the dataset, for people and as Croissant for machines."""
    input:
        manifest="<results>/shards/manifest.json",
        plans=collect("<results>/plan/{edition.name}.json", edition=EDITIONS),
        report="<results>/frames/report.json",
        proofs="<results>/shards/proofs.json",
        rain=collect("<results>/frames/rain/{period}.nc", period=PERIODS),
        depth=collect("<results>/frames/depth/{period}.nc", period=DEPTHS),
        heightmap="<results>/frames/heightmap.nc",
    output:
        card="<results>/shards/README.md",
        croissant="<results>/shards/croissant.json",
    log:
        "<logs>/dataset_card.log",
    benchmark:
        "<benchmarks>/dataset_card.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=code("dataset_card.py"),
        part=part(
            *("name", "data_folder", "time", "domain", "heightmap"),
            *("rain", "depth", "frames", "records"),
        ),
        card=part("card")["card"],
        version=DATA_CODE,
    script:
        "../scripts/dataset_card.py"


# How much of a score on this split a model could have by remembering alone.
rule leakage:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        plans=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
    output:
        "<results>/plan/leakage.json",
    log:
        "<logs>/leakage.log",
    benchmark:
        "<benchmarks>/leakage.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        code=code("leakage.py"),
        part=part("time", "depth", "frames", "records"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/leakage.py"


# These two have neither input nor output: each time they are asked for, they look at what is on
# the disk, and nothing else is made first.
rule verify:
    """Read every record of every shard again and say what is wrong where."""
    log:
        "<logs>/verify.log",
    conda:
        "../../envs/pluvial.yaml"
    threads: 16
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        manifest=path("<results>/shards/manifest.json"),
        plans=path("<results>/plan"),
    script:
        "../scripts/verify.py"


rule repair:
    """Make the damaged shards again, byte for byte."""
    log:
        "<logs>/repair.log",
    conda:
        "../../envs/pluvial.yaml"
    threads: 16
    resources:
        mem_mb=memory(4000),
        runtime=minutes(480),
    params:
        manifest=path("<results>/shards/manifest.json"),
        part=part("depth", "frames", "records"),
        editions=[edition.time.model_dump(mode="json") for edition in EDITIONS],
        plans=path("<results>/plan"),
        frames=path("<results>/frames"),
    script:
        "../scripts/repair.py"


rule tfrecords:
    """The dataset: plan, shards, manifest, proofs and card."""
    input:
        rules.manifest.output,
        rules.manifest.input.shards,
        rules.proofs.output,
        rules.leakage.output,
        rules.dataset_card.output,
    localrule: True
