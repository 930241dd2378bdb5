# Embeddings to judgements: retrieval beside its controls, and the projection for the figures.
rule retrieval:
    input:
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        trained="<results>/embeddings/trained.parquet",
        shuffled="<results>/embeddings/shuffled.parquet",
        untrained="<results>/embeddings/untrained.parquet",
    output:
        "<results>/diagnostics/retrieval.json",
    log:
        "<logs>/retrieval.log",
    benchmark:
        "<benchmarks>/retrieval.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=60,
    params:
        code=code("retrieval.py"),
        part=part("retrieval"),
    script:
        "../scripts/retrieval.py"


rule umap:
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
        runtime=120,
    params:
        code=code("umap_projection.py"),
        part=part("figures"),
    script:
        "../scripts/umap_projection.py"
