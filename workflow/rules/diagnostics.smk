# Embeddings to judgements: retrieval and the verdict, and the projection for the figures.
rule judgement:
    input:
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        plan=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
        index=collect("<results>/index/{period}.parquet", period=PERIODS),
        training="<results>/encoders/trained/training.json",
        trained="<results>/embeddings/trained.parquet",
        shuffled="<results>/embeddings/shuffled.parquet",
        untrained="<results>/embeddings/untrained.parquet",
    output:
        retrieval="<results>/diagnostics/retrieval.json",
        verdict="<results>/diagnostics/verdict.json",
    log:
        "<logs>/judgement.log",
    benchmark:
        "<benchmarks>/judgement.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        code=code("judgement.py"),
        part=part("retrieval", "verdict"),
    script:
        "../scripts/judgement.py"


rule retrieval_table:
    input:
        report="<results>/diagnostics/retrieval.json",
    output:
        report(
            "<results>/diagnostics/retrieval.csv",
            caption="../report/retrieval_table.rst",
            category="Tables",
            labels={"table": "retrieval"},
        ),
    log:
        "<logs>/retrieval_table.log",
    benchmark:
        "<benchmarks>/retrieval_table.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("retrieval_table.py"),
    script:
        "../scripts/retrieval_table.py"


rule umap:
    """UMAP of rain and of depth embeddings; labels are never shown to it."""
    input:
        embeddings="<results>/embeddings/trained.parquet",
        plan=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
        index=collect("<results>/index/{period}.parquet", period=PERIODS),
    output:
        "<results>/diagnostics/umap.parquet",
    log:
        "<logs>/umap.log",
    benchmark:
        "<benchmarks>/umap.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        code=code("umap_projection.py"),
        part=part("figures"),
    script:
        "../scripts/umap_projection.py"


rule umap_both:
    input:
        umap="<results>/diagnostics/umap.parquet",
    output:
        "<results>/diagnostics/umap_both.parquet",
    log:
        "<logs>/umap_both.log",
    benchmark:
        "<benchmarks>/umap_both.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=code("joint_projection.py"),
        part=part("figures"),
    script:
        "../scripts/joint_projection.py"


# Embeddings made elsewhere: `own_embeddings: {NAME: ...}`.
rule own_judgement:
    input:
        lambda wildcards: [
            CASE.data_folder / file for file in own_config(wildcards.own).files()
        ],
    output:
        "<results>/diagnostics/own/{own}.json",
    log:
        "<logs>/own_judgement/{own}.log",
    benchmark:
        "<benchmarks>/own_judgement/{own}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=code("own_judgement.py"),
        part=part("retrieval", "verdict"),
        own=lambda wildcards: own_config(wildcards.own).model_dump(mode="json"),
        folder=str(CASE.data_folder),
    script:
        "../scripts/own_judgement.py"


rule own_figure:
    input:
        rules.own_judgement.input,
    output:
        png=report(
            "<results>/figures/own/{own}.png",
            caption="../report/own.rst",
            category="Figures",
            labels={"figure": "own embeddings: {own}"},
        ),
        svg="<results>/figures/own/{own}.svg",
    log:
        "<logs>/figures/own/{own}.log",
    benchmark:
        "<benchmarks>/figures/own/{own}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=code("own_figure.py"),
        part=part("figures"),
        own=lambda wildcards: own_config(wildcards.own).model_dump(mode="json"),
        folder=str(CASE.data_folder),
    script:
        "../scripts/own_figure.py"


rule verdict_page:
    input:
        verdict="<results>/diagnostics/verdict.json",
    output:
        report(
            "<results>/figures/verdict.html",
            caption="../report/verdict.rst",
            category="Verdict",
            labels={"page": "is it learning?"},
        ),
    log:
        "<logs>/figures/verdict.log",
    benchmark:
        "<benchmarks>/figures/verdict.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("verdict_page.py"),
        template=template_sha256("verdict.html"),
        title=CASE.name,
    script:
        "../scripts/verdict_page.py"


use rule verdict_page as own_verdict_page with:
    input:
        verdict="<results>/diagnostics/own/{own}.json",
    output:
        report(
            "<results>/figures/verdict/{own}.html",
            caption="../report/verdict.rst",
            category="Verdict",
            labels={"page": "own embeddings: {own}"},
        ),
    log:
        "<logs>/figures/verdict/{own}.log",
    benchmark:
        "<benchmarks>/figures/verdict/{own}.tsv"
    params:
        code=code("verdict_page.py"),
        template=template_sha256("verdict.html"),
        title=lambda wildcards: wildcards.own,


rule retrieval:
    """Which depth map does this rain find, on held-out storms?"""
    input:
        rules.judgement.output.retrieval,
        rules.retrieval_table.output,
    localrule: True


rule verdict:
    """Is it learning? The verdict and its page."""
    input:
        rules.judgement.output.verdict,
        rules.verdict_page.output,
    localrule: True


rule verdict_of_own:
    """The verdict on embeddings made elsewhere."""
    input:
        collect("<results>/diagnostics/own/{own}.json", own=CASE.own_embeddings),
        collect("<results>/figures/verdict/{own}.html", own=CASE.own_embeddings),
        collect("<results>/figures/own/{own}.png", own=CASE.own_embeddings),
    localrule: True
