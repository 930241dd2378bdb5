# Predictions of depth to their skill: baselines for the same times, scores, figures.
BASELINES = "climatology|look-up|ridge|all-dry|persistence"
JUDGED = [split for split in ("val", "test") if getattr(CASE.records.split, split) > 0]


rule depth_baselines:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        plans=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
    output:
        collect(
            "<results>/depth/baselines/{method}/{split}.nc",
            method=BASELINES.split("|"),
            split=JUDGED,
        ),
    log:
        "<logs>/depth_baselines.log",
    benchmark:
        "<benchmarks>/depth_baselines.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=120,
    params:
        code=code("depth_baselines.py"),
        part=part("time", "depth", "frames", "records", "skill"),
        thresholds=CASE.depth_model.thresholds,
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/depth_baselines.py"


rule judge_skill:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        plans=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
        heightmap="<results>/frames/heightmap.nc",
        model=collect("<results>/depth/main/predictions/{split}.nc", split=JUDGED),
        baselines=rules.depth_baselines.output,
    output:
        "<results>/diagnostics/skill.json",
    log:
        "<logs>/skill.log",
    benchmark:
        "<benchmarks>/skill.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=120,
    params:
        code=code("skill.py"),
        part=part("time", "depth", "frames", "records", "skill"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/skill.py"


rule skill:
    input:
        rules.judge_skill.output,
    localrule: True
