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
        runtime=30,
    params:
        code=code("catchment_figure.py"),
        part=part("records"),
    script:
        "../scripts/catchment_figure.py"


rule embedding_figure:
    input:
        umap="<results>/diagnostics/umap.parquet",
    output:
        png=report(
            "<results>/figures/embeddings.png",
            caption="../report/embeddings.rst",
            category="Figures",
            labels={"figure": "embeddings"},
        ),
        svg="<results>/figures/embeddings.svg",
    log:
        "<logs>/figures/embeddings.log",
    benchmark:
        "<benchmarks>/figures/embeddings.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=30,
    params:
        code=code("embedding_figure.py"),
        part=part("figures"),
    script:
        "../scripts/embedding_figure.py"


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
        runtime=30,
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
        runtime=30,
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
        runtime=30,
    params:
        code=code("retrieval_figure.py"),
    script:
        "../scripts/retrieval_figure.py"


rule figures:
    input:
        collect(
            "<results>/figures/{name}.{kind}",
            name=[
                "catchment",
                "embeddings",
                "random_control",
                "training",
                "retrieval",
            ],
            kind=["png", "svg"],
        ),
    localrule: True
