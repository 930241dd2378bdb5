"""A real Slurm on this machine alone: a controller and three nodes, all of it below one folder.

    c1  compute    processors
    g1  gpu        processors and two GPUs, which are /dev/null and /dev/zero
    s1  scavenger  processors and one GPU, until a job of `urgent` wants the node

Debian's `slurmd` answers to several names on one machine. Without cgroups no limit of memory is
enforced by the kernel: Slurm's own gatherer does it, once a second.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")
NODES = ("c1", "g1", "s1")
ACCOUNTING_PROGRAMS = ("mariadb-install-db", "mariadbd", "slurmdbd", "sacctmgr")
SBIN = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"

SLURM_CONF = """\
ClusterName=pluvial
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# How long a job that was put back into the queue waits, too: two minutes are the default.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={ports[0]}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MailProg=/bin/true
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType={select}
SelectTypeParameters=CR_Core_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=UsePss,OverMemoryKill
MinJobAge=7200
InactiveLimit=0
KillWait=5
DefMemPerCPU=200
GresTypes=gpu
NodeName=c1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=32000 Feature=avx512
NodeName=g1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=32000 Gres=gpu:a100:2 Feature=nvlink
NodeName=s1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=2 RealMemory=32000 Gres=gpu:a100:1
PartitionName=compute Nodes=c1 Default=YES MaxTime=1-00:00:00 PriorityTier=10 PreemptMode=OFF
PartitionName=gpu Nodes=g1 MaxTime=1-00:00:00 PriorityTier=10 PreemptMode=OFF
PartitionName=scavenger Nodes=s1 MaxTime=1-00:00:00 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=s1 MaxTime=1-00:00:00 PriorityTier=10 PreemptMode=OFF
"""
NO_ACCOUNTING = """\
AccountingStorageType=accounting_storage/none
"""
# Partitions go by the names of the worked site that has accounting.
ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports[4]}
AccountingStoragePass={folder}/munge.socket
AccountingStorageEnforce=associations,limits,qos
AccountingStorageTRES=gres/gpu
PartitionName=standard Nodes=c1 MaxTime=1-00:00:00
PartitionName=accelerated Nodes=g1 MaxTime=1-00:00:00
"""
SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports[4]}
SlurmUser={user}
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[5]}
StorageUser=slurm
StoragePass={password}
StorageLoc=accounts
"""
DATABASE = """\
CREATE DATABASE accounts;
CREATE USER 'slurm'@'%' IDENTIFIED BY '{password}';
GRANT ALL ON accounts.* TO 'slurm'@'%';
"""
GRES_CONF = """\
AutoDetect=off
NodeName=g1 Name=gpu Type=a100 File=/dev/null
NodeName=g1 Name=gpu Type=a100 File=/dev/zero
NodeName=s1 Name=gpu Type=a100 File=/dev/null
"""


def missing(programs: tuple[str, ...]) -> list[str]:
    """Those of ``programs`` that are not on this machine."""
    return [program for program in programs if not shutil.which(program, path=SBIN)]


def wait_for(what: str, happened: Callable[[], object], seconds: float = 300) -> None:
    """Look every fifth of a second until ``happened``; fail loudly after ``seconds``."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen in {seconds:.0f} s")
        time.sleep(0.2)


class Cluster:
    """The cluster below ``folder``, which is to be short: a socket lies in it."""

    def __init__(
        self, folder: Path, select: str = "select/cons_tres", *, accounting: bool = False
    ) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._accounting = accounting
        self._database_port = 0
        self._write(select)

    def _write(self, select: str) -> None:
        (self.folder / "state").mkdir(parents=True)
        (self.folder / "bin").mkdir()
        self.folder.chmod(0o711)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        values = {
            "host": socket.gethostname().partition(".")[0],
            "user": getpass.getuser(),
            "folder": self.folder,
            "ports": (ports := free_ports(3 + len(NODES))),
            "select": select,
            "password": secrets.token_hex(16),
        }
        accounting = ACCOUNTING if self._accounting else NO_ACCOUNTING
        self.conf.write_text((SLURM_CONF + accounting).format(**values))
        if self._accounting:
            self._database_port = ports[-1]
            dbd = self.folder / "slurmdbd.conf"
            dbd.touch(mode=0o600)
            dbd.write_text(SLURMDBD_CONF.format(**values))
            (self.folder / "accounts.sql").write_text(DATABASE.format(**values))
        (self.folder / "gres.conf").write_text(GRES_CONF)
        # The plugin that runs in a job takes SLURM_CONF away before it calls `srun`.
        shim = self.folder / "bin" / "srun"
        real = shutil.which("srun", path=SBIN)
        shim.write_text(f'#!/bin/sh\nSLURM_CONF={self.conf} exec {real} "$@"\n')
        shim.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this cluster needs; nothing of another one, or of pytest."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "SLURM", "SBATCH", "SRUN"))
        }
        path = f"{self.folder / 'bin'}:{SBIN}"
        return inherited | {"SLURM_CONF": str(self.conf), "PATH": path}

    def run(self, *command: str) -> str:
        """What a client prints."""
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.environment, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def jobs(self) -> list[dict[str, str]]:
        """All jobs that the controller remembers, as `scontrol` shows them."""
        shown = self.run("scontrol", "--oneliner", "show", "jobs")
        if not shown.startswith("JobId="):
            return []
        return [
            dict(word.partition("=")[::2] for word in line.split() if "=" in word)
            for line in shown.splitlines()
        ]

    def job(self, comment: str) -> dict[str, str] | None:
        """The newest job whose comment (the plugin writes the rule) begins so."""
        found = [job for job in self.jobs() if job.get("Comment", "").startswith(comment)]
        return max(found, key=lambda job: int(job["JobId"]), default=None)

    def state(self, number: str) -> str:
        """The state of a job, such as RUNNING."""
        return self.run("squeue", "-h", "--states=all", "-j", number, "-o", "%T")

    def restarts(self, number: str) -> int:
        """How often a job has gone back into the queue."""
        (job,) = [job for job in self.jobs() if job["JobId"] == number]
        return int(job["Restarts"])

    def start(self) -> None:
        """Start everything, and wait until all nodes idle."""
        munge = ["--socket", str(self.folder / "munge.socket"), "--force", "--foreground"]
        for kind in ("key", "pid", "log", "seed"):
            munge += [f"--{kind}-file", str(self.folder / f"munge.{kind}")]
        self._daemon("munged", *munge)
        wait_for("munged", (self.folder / "munge.socket").exists, 20)
        if self._accounting:
            self._start_accounting()
        self._daemon("slurmctld", "-D")
        wait_for("slurmctld", self._answers, 30)
        for node in NODES:
            self._daemon("slurmd", "-D", "-N", node)
        wait_for("three idle nodes", self._idle, 30)

    def _start_accounting(self) -> None:
        """A database, slurmdbd on it, and an account for whoever runs the tests."""
        user = getpass.getuser()
        database = ["--no-defaults", f"--user={user}", f"--datadir={self.folder / 'database'}"]
        self.run(
            "mariadb-install-db",
            *database,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        self._daemon(
            "mariadbd",
            *database,
            f"--socket={self.folder / 'mariadb.socket'}",
            f"--pid-file={self.folder / 'mariadb.pid'}",
            f"--init-file={self.folder / 'accounts.sql'}",
            "--bind-address=127.0.0.1",
            f"--port={self._database_port}",
            "--innodb-buffer-pool-size=64M",
        )
        wait_for("mariadbd", self._database_listens, 60)
        self._daemon("slurmdbd", "-D")
        wait_for("slurmdbd", self._keeps_accounts, 60)
        for words in (
            "cluster pluvial",
            "qos gpu",
            "account hydrology cluster=pluvial",
            f"user {user} account=hydrology qos=normal,gpu",
        ):
            self.run("sacctmgr", "--immediate", "add", *words.split())

    def _database_listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._database_port), 1):
            return True
        return False

    def _keeps_accounts(self) -> bool:
        with suppress(RuntimeError):
            return self.run("sacctmgr", "-n", "list", "qos", "format=name") == "normal"
        return False

    def _daemon(self, program: str, *arguments: str) -> None:
        """Start one in the foreground; it ends with the process that started it."""
        found = shutil.which(program, path=SBIN)
        assert found is not None
        with (self.folder / f"{program}.out").open("ab") as out:
            self._daemons.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", found, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env=self.environment,
                )
            )

    def _answers(self) -> bool:
        """Whether the controller does; an error if a daemon has ended instead."""
        for daemon in self._daemons:
            if daemon.poll() is not None:
                said = [path.read_text() for path in sorted(self.folder.glob("*.out"))]
                raise OSError(f"{daemon.args} has ended: {said}")
        with suppress(RuntimeError):
            return "DOWN" not in self.run("scontrol", "ping")
        return False

    def _idle(self) -> bool:
        return self.run("sinfo", "-h", "-N", "-o", "%n %t").count("idle") >= len(NODES)

    def stop(self) -> None:
        """End jobs, daemons and whatever of theirs has outlived them."""
        with suppress(RuntimeError, subprocess.TimeoutExpired):
            self.run("scancel", "--quiet", "--user", getpass.getuser())
            with suppress(TimeoutError):
                wait_for("an empty queue", lambda: not self.run("squeue", "-h"), 15)
        for daemon in reversed(self._daemons):
            daemon.terminate()
        for daemon in self._daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons = []
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_for("the end of all processes", lambda: not self.processes(), 10)

    def processes(self) -> list[int]:
        """All processes that have this cluster's configuration in their environment."""
        mark = f"SLURM_CONF={self.conf}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def running(
    folder: Path, select: str = "select/cons_tres", *, accounting: bool = False
) -> Iterator[Cluster]:
    """A cluster, stopped whatever happens."""
    cluster = Cluster(folder, select, accounting=accounting)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
