# Figures, as PNG and SVG, and the report that gathers them.
rule catchment_figure:
    input:
        heightmap="<results>/frames/heightmap.nc",
        rain=collect("<results>/frames/rain/{period}.nc", period=PERIODS),
        depth=collect("<results>/frames/depth/{period}.nc", period=DEPTHS),
    output:
        png=report(
            "<results>/figures/catchment.png",
            caption="../report/catchment.rst",
            category="Figures",
            labels={"figure": "catchment"},
        ),
        svg="<results>/figures/catchment.svg",
    log:
        "<logs>/figures/catchment.log",
    benchmark:
        "<benchmarks>/figures/catchment.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("catchment_figure.py"),
        part=part("records"),
    script:
        "../scripts/catchment_figure.py"


rule embedding_figure:
    input:
        umap="<results>/diagnostics/umap.parquet",
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
    output:
        png=report(
            "<results>/figures/embedding_{side}.png",
            caption="../report/embedding.rst",
            category="Figures",
            labels={"figure": "{side} embedding"},
        ),
        svg="<results>/figures/embedding_{side}.svg",
    log:
        "<logs>/figures/embedding_{side}.log",
    benchmark:
        "<benchmarks>/figures/embedding_{side}.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("embedding_figure.py"),
        part=part("figures"),
    script:
        "../scripts/embedding_figure.py"


rule both_embeddings_figure:
    input:
        joint="<results>/diagnostics/umap_both.parquet",
    output:
        png=report(
            "<results>/figures/embedding_both.png",
            caption="../report/embedding_both.rst",
            category="Figures",
            labels={"figure": "rain and depth together"},
        ),
        svg="<results>/figures/embedding_both.svg",
    log:
        "<logs>/figures/embedding_both.log",
    benchmark:
        "<benchmarks>/figures/embedding_both.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("both_embeddings_figure.py"),
        part=part("figures"),
    script:
        "../scripts/both_embeddings_figure.py"


rule random_control_figure:
    input:
        umap="<results>/diagnostics/umap.parquet",
    output:
        png=report(
            "<results>/figures/random_control.png",
            caption="../report/random_control.rst",
            category="Figures",
            labels={"figure": "random control"},
        ),
        svg="<results>/figures/random_control.svg",
    log:
        "<logs>/figures/random_control.log",
    benchmark:
        "<benchmarks>/figures/random_control.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("random_control_figure.py"),
        part=part("figures"),
    script:
        "../scripts/random_control_figure.py"


rule training_figure:
    input:
        trained="<results>/encoders/trained/history.csv",
        shuffled="<results>/encoders/shuffled/history.csv",
    output:
        png=report(
            "<results>/figures/training.png",
            caption="../report/training.rst",
            category="Figures",
            labels={"figure": "training"},
        ),
        svg="<results>/figures/training.svg",
    log:
        "<logs>/figures/training.log",
    benchmark:
        "<benchmarks>/figures/training.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("training_figure.py"),
    script:
        "../scripts/training_figure.py"


rule retrieval_figure:
    input:
        report="<results>/diagnostics/retrieval.json",
    output:
        png=report(
            "<results>/figures/retrieval.png",
            caption="../report/retrieval.rst",
            category="Figures",
            labels={"figure": "retrieval"},
        ),
        svg="<results>/figures/retrieval.svg",
    log:
        "<logs>/figures/retrieval.log",
    benchmark:
        "<benchmarks>/figures/retrieval.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("retrieval_figure.py"),
    script:
        "../scripts/retrieval_figure.py"


rule retrieved_figures:
    input:
        trained="<results>/embeddings/trained.parquet",
        shuffled="<results>/embeddings/shuffled.parquet",
        untrained="<results>/embeddings/untrained.parquet",
        plan=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
        index=collect("<results>/index/{period}.parquet", period=PERIODS),
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
    output:
        similarity=report(
            "<results>/figures/similarity.png",
            caption="../report/similarity.rst",
            category="Figures",
            labels={"figure": "similarity of all pairs"},
        ),
        neighbours=report(
            "<results>/figures/neighbours.png",
            caption="../report/neighbours.rst",
            category="Figures",
            labels={"figure": "what rain retrieves"},
        ),
        svg=collect("<results>/figures/{name}.svg", name=["similarity", "neighbours"]),
    log:
        "<logs>/figures/retrieved.log",
    benchmark:
        "<benchmarks>/figures/retrieved.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("retrieved_figures.py"),
        part=part("retrieval", "verdict"),
    script:
        "../scripts/retrieved_figures.py"


rule availability_figure:
    input:
        report="<results>/frames/report.json",
    output:
        png=report(
            "<results>/figures/availability.png",
            caption="../report/availability.rst",
            category="Figures",
            labels={"figure": "availability"},
        ),
        svg="<results>/figures/availability.svg",
    log:
        "<logs>/figures/availability.log",
    benchmark:
        "<benchmarks>/figures/availability.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("availability_figure.py"),
    script:
        "../scripts/availability_figure.py"


rule plan_figure:
    input:
        plans=collect("<results>/plan/{edition.name}.json", edition=EDITIONS),
        tables=collect("<results>/plan/{edition.name}.parquet", edition=EDITIONS),
        leakage="<results>/plan/leakage.json",
    output:
        png=report(
            "<results>/figures/plan.png",
            caption="../report/plan.rst",
            category="Figures",
            labels={"figure": "plan"},
        ),
        svg="<results>/figures/plan.svg",
    log:
        "<logs>/figures/plan.log",
    benchmark:
        "<benchmarks>/figures/plan.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("plan_figure.py"),
    script:
        "../scripts/plan_figure.py"


rule domain_figure:
    input:
        heightmap="<results>/frames/heightmap.nc",
        rain=f"<results>/frames/rain/{PERIODS[0]}.nc",
        depth=f"<results>/frames/depth/{DEPTHS[0]}.nc",
    output:
        png=report(
            "<results>/figures/domain.png",
            caption="../report/domain.rst",
            category="Figures",
            labels={"figure": "domain"},
        ),
        svg="<results>/figures/domain.svg",
    log:
        "<logs>/figures/domain.log",
    benchmark:
        "<benchmarks>/figures/domain.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code("domain_figure.py"),
        part=part("records"),
    script:
        "../scripts/domain_figure.py"


rule figures:
    """All figures, as PNG and SVG."""
    input:
        collect(
            "<results>/figures/{name}.{kind}",
            name=[
                "catchment",
                "embedding_rain",
                "embedding_depth",
                "embedding_both",
                "random_control",
                "training",
                "retrieval",
                "similarity",
                "neighbours",
                "availability",
                "plan",
                "domain",
            ],
            kind=["png", "svg"],
        ),
    localrule: True
