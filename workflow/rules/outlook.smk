# Before anything is booked: the case in a screen, and what would fail. Neither has inputs, so that
# nothing is ever built for it; each time they are asked for they look at what is there.
rule describe:
    """The case in a screen: sources, records, model, disk, hours."""
    log:
        "<logs>/describe.log",
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        document=config,
        results=str(RESULTS),
        where=WHERE,
    script:
        "../scripts/describe.py"


rule check:
    """What would fail: inputs, grids, splits, disk, the cluster's partitions."""
    log:
        "<logs>/check.log",
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        document=config,
        results=str(RESULTS),
        where=WHERE,
        profiles=named_profiles(),
    script:
        "../scripts/check.py"
