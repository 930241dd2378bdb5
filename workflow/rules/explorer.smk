# One page to look at records, embeddings and the verdict with; it opens without a network.
EXPLORER = CODE / "pluvial" / "explorer" / "assets"


rule explorer_page:
    input:
        umap="<results>/diagnostics/umap.parquet",
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        report="<results>/diagnostics/retrieval.json",
        verdict="<results>/diagnostics/verdict.json",
        trained="<results>/encoders/trained/history.csv",
        shuffled="<results>/encoders/shuffled/history.csv",
    output:
        report(
            "<results>/figures/explorer.html",
            caption="../report/explorer.rst",
            category="Explorer",
            labels={"figure": "explorer"},
        ),
    log:
        "<logs>/explorer.log",
    benchmark:
        "<benchmarks>/explorer.tsv"
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=code("explorer.py"),
        # HTML, style and script, which no import names.
        assets=[file_sha256(file) for file in sorted(EXPLORER.iterdir())],
        part=part("name", "records", "figures", "retrieval"),
    script:
        "../scripts/explorer.py"


# The same page with the depth model in it; that of `explorer` needs none.
use rule explorer_page as depth_explorer_page with:
    input:
        umap="<results>/diagnostics/umap.parquet",
        manifest="<results>/shards/manifest.json",
        shards=planned("<results>/shards/{split}/{shard}.tfrecord.gz"),
        report="<results>/diagnostics/retrieval.json",
        verdict="<results>/diagnostics/verdict.json",
        trained="<results>/encoders/trained/history.csv",
        shuffled="<results>/encoders/shuffled/history.csv",
        predictions=collect("<results>/depth/main/predictions/{split}.nc", split=JUDGED),
        skill="<results>/diagnostics/skill.json",
    output:
        report(
            "<results>/figures/explorer_depth.html",
            caption="../report/explorer_depth.rst",
            category="Explorer",
            labels={"figure": "explorer with the depth model"},
        ),
    log:
        "<logs>/explorer_depth.log",
    benchmark:
        "<benchmarks>/explorer_depth.tsv"


rule explorer:
    """The page to look at records, embeddings and verdict with."""
    input:
        rules.explorer_page.output,
    localrule: True
