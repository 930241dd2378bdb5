# Raw data, or the simulator, to the canonical store: one NetCDF of rain and of depth per period.
rule heightmap:
    input:
        sources=raw(CASE.heightmap),
    output:
        "<results>/frames/heightmap.nc",
    log:
        "<logs>/heightmap.log",
    benchmark:
        "<benchmarks>/heightmap.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("heightmap.py"),
        part=part("heightmap", "domain", "data_folder"),
    script:
        "../scripts/heightmap.py"


for name, place, frames_files, edition in frame_jobs("rain", CASE.rain):

    rule:
        name:
            name
        input:
            sources=raw_for("rain", CASE.rain, edition),
        output:
            frames_files,
        log:
            f"<logs>/{place}.log",
        benchmark:
            f"<benchmarks>/{place}.tsv"
        group:
            None if edition else batch("rain_frames", period_number, 6)
        conda:
            "../../envs/pluvial.yaml"
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=minutes(1440 if edition else 60),
        params:
            code=code("rain_frames.py"),
            part=part("rain", "heightmap", "domain", "frames", "data_folder"),
            time=time_for(edition),
        script:
            "../scripts/rain_frames.py"


if isinstance(CASE.depth, SimulatedDepth):

    rule depth_frames:
        input:
            rain="<results>/frames/rain/{period}.nc",
            heightmap="<results>/frames/heightmap.nc",
            state=lambda wildcards: (
                []
                if wildcards.period == PERIODS[0]
                else f"<results>/simulation/{PERIODS[PERIODS.index(wildcards.period) - 1]}.npz"
            ),
        output:
            depth="<results>/frames/depth/{period}.nc",
            state="<results>/simulation/{period}.npz",
        log:
            "<logs>/depth_frames/{period}.log",
        benchmark:
            "<benchmarks>/depth_frames/{period}.tsv"
        group:
            batch("depth_frames", period_number, 6)
        conda:
            "../../envs/pluvial.yaml"
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=minutes(120),
        params:
            code=code("simulate_depth.py"),
            part=part("depth"),
            time=time_for(None),
        script:
            "../scripts/simulate_depth.py"

else:

    for name, place, frames_files, edition in frame_jobs("depth", CASE.depth):

        rule:
            name:
                name
            input:
                sources=raw_for("depth", CASE.depth, edition),
                heightmap="<results>/frames/heightmap.nc",
            output:
                frames_files,
            log:
                f"<logs>/{place}.log",
            benchmark:
                f"<benchmarks>/{place}.tsv"
            group:
                None if edition else batch("depth_frames", period_number, 6)
            conda:
                "../../envs/pluvial.yaml"
            threads: 1
            resources:
                mem_mb=memory(1000),
                runtime=minutes(1440 if edition else 60),
            params:
                code=code("depth_frames.py"),
                part=part("depth", "domain", "frames", "data_folder"),
                time=time_for(edition),
            script:
                "../scripts/depth_frames.py"


# What became of every frame that a source gave. A shard depends on this account of an edition's
# frames instead of on each of its files, which for many years are too many to list for each shard.
rule frames_account:
    input:
        rain=lambda wildcards: collect(
            "<results>/frames/rain/{period}.nc",
            period=edition_named(wildcards.edition).rain_names,
        ),
        depth=lambda wildcards: collect(
            "<results>/frames/depth/{period}.nc",
            period=edition_named(wildcards.edition).depth_names,
        ),
    output:
        "<results>/frames/{edition}.json",
    log:
        "<logs>/frames_account/{edition}.log",
    benchmark:
        "<benchmarks>/frames_account/{edition}.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=code("frames_account.py"),
    script:
        "../scripts/frames_account.py"


rule frames_report:
    input:
        collect("<results>/frames/{edition.name}.json", edition=EDITIONS),
    output:
        "<results>/frames/report.json",
    log:
        "<logs>/frames_report.log",
    benchmark:
        "<benchmarks>/frames_report.tsv"
    localrule: True
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("frames_report.py"),
    script:
        "../scripts/frames_report.py"


rule frames:
    """Raw data, or the simulator's, as NetCDF by period, and a report of gaps and corrections."""
    input:
        rules.heightmap.output,
        collect("<results>/frames/rain/{period}.nc", period=PERIODS),
        collect("<results>/frames/depth/{period}.nc", period=DEPTHS),
        rules.frames_report.output,
    localrule: True
