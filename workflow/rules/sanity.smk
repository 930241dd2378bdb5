# The sanity model: labelled pictures through the same loop, loss, figures and verdict.

# What the album and the list of trainings are made from alters no training.
SANITY_TRAINING = CASE.sanity.model_dump(
    mode="json", exclude={"pictures", "split", "pairs", "pretrained"}
)
SANITY_JUDGED = [*CASE.sanity.pairs, *["pretrained"][: bool(CASE.sanity.pretrained)]]
SANITY_RUNS = [*SANITY_JUDGED, "untrained"]


rule sanity_pictures:
    input:
        photos,
    output:
        album="<results>/sanity/pictures.npz",
        report="<results>/sanity/pictures.json",
    log:
        "<logs>/sanity/pictures.log",
    benchmark:
        "<benchmarks>/sanity/pictures.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=code("sanity_pictures.py"),
        pictures=CASE.sanity.pictures.model_dump(mode="json"),
        split=CASE.sanity.split.model_dump(mode="json"),
        seed=CASE.sanity.seed,
        folder=str(CASE.data_folder),
    script:
        "../scripts/sanity_pictures.py"


rule sanity_encoder:
    input:
        album="<results>/sanity/pictures.npz",
    output:
        encoder="<results>/sanity/{sanity_run}/encoder.keras",
        encoder_sha256="<results>/sanity/{sanity_run}/encoder.keras.sha256",
        embeddings="<results>/sanity/{sanity_run}/embeddings.parquet",
        history="<results>/sanity/{sanity_run}/history.csv",
        training="<results>/sanity/{sanity_run}/training.json",
    log:
        "<logs>/sanity/encoder/{sanity_run}.log",
    benchmark:
        "<benchmarks>/sanity/encoder/{sanity_run}.tsv"
    wildcard_constraints:
        sanity_run="labels|views|untrained",
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(8000),
        runtime=1440,
        gpu=1,
    params:
        code=code("sanity_encoder.py"),
        training=SANITY_TRAINING,
        checkpoints=path("<checkpoints>/sanity"),
        tensorboard=path("<results>/tensorboard/sanity"),
    script:
        "../scripts/sanity_encoder.py"


# Where the configuration names one: an encoder trained elsewhere.
rule sanity_pretrained:
    input:
        album="<results>/sanity/pictures.npz",
        model=lambda wildcards: CASE.data_folder / CASE.sanity.pretrained.model,
    output:
        "<results>/sanity/pretrained/embeddings.parquet",
    log:
        "<logs>/sanity/pretrained.log",
    benchmark:
        "<benchmarks>/sanity/pretrained.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        code=code("sanity_pretrained.py"),
        encoder=lambda wildcards: CASE.sanity.pretrained.model_dump(mode="json"),
        folder=str(CASE.data_folder),
    script:
        "../scripts/sanity_pretrained.py"


use rule own_judgement as sanity_judgement with:
    input:
        trained="<results>/sanity/{own}/embeddings.parquet",
        untrained="<results>/sanity/untrained/embeddings.parquet",
    output:
        "<results>/sanity/{own}/verdict.json",
    log:
        "<logs>/sanity/judgement/{own}.log",
    benchmark:
        "<benchmarks>/sanity/judgement/{own}.tsv"
    wildcard_constraints:
        own="labels|views|pretrained",
    params:
        code=code("own_judgement.py"),
        part=part("retrieval", "verdict"),
        own=pictures_as_own,
        folder=".",


use rule verdict_page as sanity_verdict_page with:
    input:
        verdict="<results>/sanity/{own}/verdict.json",
    output:
        report(
            "<results>/figures/sanity/{own}.html",
            caption="../report/verdict.rst",
            category="Sanity model",
            labels={"page": "is it learning? {own}"},
        ),
    log:
        "<logs>/figures/sanity/{own}.log",
    benchmark:
        "<benchmarks>/figures/sanity/{own}.tsv"
    wildcard_constraints:
        own="labels|views|pretrained",
    params:
        code=code("verdict_page.py"),
        template=template_sha256("verdict.html"),
        title=lambda wildcards: f"{CASE.name}, pictures, {wildcards.own}",


rule sanity_umap:
    input:
        collect("<results>/sanity/{run}/embeddings.parquet", run=SANITY_RUNS),
    output:
        "<results>/sanity/umap.parquet",
    log:
        "<logs>/sanity/umap.log",
    benchmark:
        "<benchmarks>/sanity/umap.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        code=code("sanity_umap.py"),
        part=part("figures"),
        runs=SANITY_RUNS,
    script:
        "../scripts/sanity_umap.py"


rule sanity_figure:
    input:
        umap="<results>/sanity/umap.parquet",
        album="<results>/sanity/pictures.npz",
        verdicts=collect("<results>/sanity/{run}/verdict.json", run=SANITY_JUDGED),
    output:
        png=report(
            "<results>/figures/sanity/pictures.png",
            caption="../report/sanity.rst",
            category="Sanity model",
            labels={"figure": "pictures"},
        ),
        svg="<results>/figures/sanity/pictures.svg",
    log:
        "<logs>/figures/sanity/pictures.log",
    benchmark:
        "<benchmarks>/figures/sanity/pictures.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        code=code("sanity_figure.py"),
        part=part("figures"),
        judged=SANITY_JUDGED,
        runs=SANITY_RUNS,
    script:
        "../scripts/sanity_figure.py"


rule sanity:
    """The sanity model: labelled pictures through the same loop, loss and verdict."""
    input:
        collect("<results>/sanity/{run}/verdict.json", run=SANITY_JUDGED),
        collect("<results>/figures/sanity/{run}.html", run=SANITY_JUDGED),
        rules.sanity_figure.output,
    localrule: True
