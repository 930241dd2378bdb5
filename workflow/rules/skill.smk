# Predictions of depth to their skill: baselines for the same times, scores, figures.
BASELINES = "climatology look-up ridge all-dry persistence".split()
# Where a channel holds its largest rate, amounts are more than a model is given.
if CASE.records.pooling == "max":
    BASELINES.append("ridge-largest")
JUDGED = [split for split in ("val", "test") if getattr(CASE.records.split, split) > 0]


rule depth_baselines:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        plans=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
    output:
        collect(
            "<results>/depth/baselines/{method}/{split}.nc",
            method=BASELINES,
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
        runtime=minutes(120),
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
        runtime=minutes(120),
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
        runtime=minutes(30),
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
        runtime=minutes(60),
    params:
        code=code("predicted_figures.py"),
        part=part("time", "depth", "frames", "records", "skill"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/predicted_figures.py"


# What the model and the solver do with rain that is changed on purpose.
rule depth_probes:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        heightmap="<results>/frames/heightmap.nc",
        model="<results>/depth/main/model.keras",
        hydrographs="<results>/diagnostics/hydrographs.parquet",
    output:
        probes="<results>/diagnostics/probes_of_depth.json",
        responses="<results>/diagnostics/probes_of_depth.npz",
    log:
        "<logs>/depth_probes.log",
    benchmark:
        "<benchmarks>/depth_probes.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        code=code("depth_probes.py"),
        part=part("time", "depth", "frames", "skill"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/depth_probes.py"


rule depth_probes_figure:
    input:
        probes=rules.depth_probes.output.probes,
        responses=rules.depth_probes.output.responses,
        heightmap="<results>/frames/heightmap.nc",
    output:
        png=report(
            "<results>/figures/probes_of_depth.png",
            caption="../report/probes_of_depth.rst",
            category="Depth model",
            labels={"figure": "probes"},
        ),
        svg="<results>/figures/probes_of_depth.svg",
    log:
        "<logs>/figures/probes_of_depth.log",
    benchmark:
        "<benchmarks>/figures/probes_of_depth.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        code=code("depth_probes_figure.py"),
    script:
        "../scripts/depth_probes_figure.py"


# A model of another case on this one's terrain, which it never saw (`skill.carried_model`).
if CASE.skill.carried_model:

    rule carried_predict:
        input:
            manifest="<results>/shards/manifest.json",
            shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
            heightmap="<results>/frames/heightmap.nc",
            model=str(CASE.skill.carried_model),
        output:
            "<results>/depth/carried/predictions/test.nc",
        log:
            "<logs>/carried_predict.log",
        benchmark:
            "<benchmarks>/carried_predict.tsv"
        conda:
            "../../envs/pluvial.yaml"
        threads: 2
        resources:
            mem_mb=memory(4000),
            runtime=minutes(240),
            gpu=1,
        params:
            code=code("carried_predictions.py"),
        script:
            "../scripts/carried_predictions.py"

    use rule judge_skill as judge_carried with:
        input:
            accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
            plans=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
            heightmap="<results>/frames/heightmap.nc",
            model=["<results>/depth/carried/predictions/test.nc"],
            baselines=rules.depth_baselines.output,
        output:
            skill="<results>/diagnostics/skill_carried.json",
            hydrographs="<results>/diagnostics/hydrographs_carried.parquet",
        log:
            "<logs>/skill_carried.log",
        benchmark:
            "<benchmarks>/skill_carried.tsv"

    use rule skill_figure as carried_figure with:
        input:
            skill="<results>/diagnostics/skill_carried.json",
            hydrographs="<results>/diagnostics/hydrographs_carried.parquet",
        output:
            png=report(
                "<results>/figures/skill_carried.png",
                caption="../report/skill_carried.rst",
                category="Depth model",
                labels={"figure": "skill on a catchment it never saw"},
            ),
            svg="<results>/figures/skill_carried.svg",
        log:
            "<logs>/figures/skill_carried.log",
        benchmark:
            "<benchmarks>/figures/skill_carried.tsv"

    rule carried_skill:
        input:
            rules.carried_figure.output,
        localrule: True


# Does pretraining help? All runs of the depth model's `label_efficiency` on the same storms.
rule judge_label_efficiency:
    input:
        accounts=collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
        plans=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
        predictions=collect(
            "<results>/depth/{model}/predictions/test.nc",
            model=CASE.depth_model.efficiency_runs(),
        ),
    output:
        "<results>/diagnostics/label_efficiency.json",
    log:
        "<logs>/label_efficiency.log",
    benchmark:
        "<benchmarks>/label_efficiency.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        code=code("label_efficiency.py"),
        part=part("time", "depth", "frames", "records", "skill"),
        frames=lambda wildcards, input: str(Path(input.accounts[0]).parent),
    script:
        "../scripts/label_efficiency.py"


rule label_efficiency_figure:
    input:
        rules.judge_label_efficiency.output,
    output:
        png=report(
            "<results>/figures/label_efficiency.png",
            caption="../report/label_efficiency.rst",
            category="Depth model",
            labels={"figure": "label efficiency"},
        ),
        svg="<results>/figures/label_efficiency.svg",
    log:
        "<logs>/figures/label_efficiency.log",
    benchmark:
        "<benchmarks>/figures/label_efficiency.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        code=code("label_efficiency_figure.py"),
    script:
        "../scripts/label_efficiency_figure.py"


rule pretraining_helps:
    input:
        rules.label_efficiency_figure.output,
    localrule: True


rule skill:
    input:
        rules.judge_skill.output,
        rules.skill_figure.output,
        rules.predicted_figures.output,
        rules.depth_probes_figure.output,
        "<results>/figures/explorer_depth.html",
    localrule: True
