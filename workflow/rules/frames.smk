# Raw data, or the simulator, to the canonical store: one NetCDF of rain and of depth per period.
rule heightmap:
    input:
        sources=source_files(CASE.heightmap),
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
        runtime=10,
    params:
        code=code("heightmap.py"),
        part=part("heightmap", "data_folder"),
    script:
        "../scripts/heightmap.py"


# Made storms can be entered at any time: one job per period. A raw table is read once, from its
# start: one job for all periods.
rule rain_frames:
    input:
        sources=source_files(CASE.rain),
    output:
        (
            "<results>/frames/rain/{period}.nc"
            if isinstance(CASE.rain, SyntheticStorms)
            else collect("<results>/frames/rain/{period}.nc", period=PERIODS)
        ),
    log:
        (
            "<logs>/rain_frames/{period}.log"
            if isinstance(CASE.rain, SyntheticStorms)
            else "<logs>/rain_frames.log"
        ),
    benchmark:
        (
            "<benchmarks>/rain_frames/{period}.tsv"
            if isinstance(CASE.rain, SyntheticStorms)
            else "<benchmarks>/rain_frames.tsv"
        )
    conda:
        "../../envs/pluvial.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=120,
    params:
        code=code("rain_frames.py"),
        part=part("rain", "heightmap", "time", "frames", "data_folder"),
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
        conda:
            "../../envs/pluvial.yaml"
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=240,
        params:
            code=code("simulate_depth.py"),
            part=part("depth", "time"),
        script:
            "../scripts/simulate_depth.py"

else:

    rule depth_frames:
        input:
            sources=source_files(CASE.depth),
            heightmap="<results>/frames/heightmap.nc",
        output:
            collect("<results>/frames/depth/{period}.nc", period=DEPTHS),
        log:
            "<logs>/depth_frames.log",
        benchmark:
            "<benchmarks>/depth_frames.tsv"
        conda:
            "../../envs/pluvial.yaml"
        threads: 1
        resources:
            mem_mb=memory(1000),
            runtime=1440,
        params:
            code=code("depth_frames.py"),
            part=part("depth", "time", "frames", "data_folder"),
        script:
            "../scripts/depth_frames.py"


rule frames_report:
    input:
        rain=collect("<results>/frames/rain/{period}.nc", period=PERIODS),
        depth=collect("<results>/frames/depth/{period}.nc", period=DEPTHS),
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
        runtime=10,
    params:
        code=code("frames_report.py"),
    script:
        "../scripts/frames_report.py"


rule frames:
    input:
        rules.heightmap.output,
        rules.frames_report.output,
    localrule: True
