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
        skill="<results>/diagnostics/skill.json",
        hydrographs="<results>/diagnostics/hydrographs.parquet",
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


rule skill_figure:
    input:
        skill="<results>/diagnostics/skill.json",
        hydrographs="<results>/diagnostics/hydrographs.parquet",
    output:
        png=report(
            "<results>/figures/skill.png",
            caption="../report/skill.rst",
            category="Depth model",
            labels={"figure": "skill"},
        ),
        svg="<results>/figures/skill.svg",
    log:
        "<logs>/figures/skill.log",
    benchmark:
        "<benchmarks>/figures/skill.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=30,
    params:
        code=code("skill_figure.py"),
        part=part("skill"),
    script:
        "../scripts/skill_figure.py"


# The largest held-out storms: side by side, moving, and where on the map the errors are.
rule predicted_figures:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        heightmap="<results>/frames/heightmap.nc",
        predictions="<results>/depth/main/predictions/test.nc",
        hydrographs="<results>/diagnostics/hydrographs.parquet",
    output:
        storms=report(
            "<results>/figures/predicted_storms.png",
            caption="../report/predicted_storms.rst",
            category="Depth model",
            labels={"figure": "predicted storms"},
        ),
        storms_svg="<results>/figures/predicted_storms.svg",
        errors=report(
            "<results>/figures/error_maps.png",
            caption="../report/error_maps.rst",
            category="Depth model",
            labels={"figure": "error maps"},
        ),
        errors_svg="<results>/figures/error_maps.svg",
        gif=report(
            "<results>/figures/storm.gif",
            caption="../report/storm.rst",
            category="Depth model",
            labels={"figure": "the largest storm, moving"},
        ),
        apng="<results>/figures/storm.apng",
    log:
        "<logs>/figures/predicted.log",
    benchmark:
        "<benchmarks>/figures/predicted.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=60,
    params:
        code=code("predicted_figures.py"),
        part=part("time", "depth", "frames", "records", "skill"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/predicted_figures.py"


rule skill:
    input:
        rules.judge_skill.output,
        rules.skill_figure.output,
        rules.predicted_figures.output,
    localrule: True
