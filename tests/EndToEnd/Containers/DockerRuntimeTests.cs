using System.Net.Sockets;
using Docker.DotNet.Models;
using Podflare.Guests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Containers;

public sealed class DockerRuntimeTests(EngineBench bench) : IClassFixture<EngineBench>
{
    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_container_is_confined_in_every_way_that_we_know()
    {
        var spec = bench.Spec();
        var (id, _) = await bench.StartAsync(spec);
        var found = await bench.Docker.Containers.InspectContainerAsync(id, Stopped);
        var host = found.HostConfig!;
        Assert.Equal($"/podflare-{spec.Sandbox}", found.Name);
        Assert.Equal(["ALL"], host.CapDrop);
        Assert.Equal(["KILL", "SETGID", "SETUID"], host.CapAdd.Order());
        Assert.Equal(["no-new-privileges", $"seccomp={SeccompProfile.Embedded}"], host.SecurityOpt);
        Assert.Equal(MaskedFiles.Paths, host.MaskedPaths);
        Assert.Equal(("private", "private"), (host.IpcMode, host.CgroupnsMode));
        Assert.True(host.ReadonlyRootfs);
        Assert.False(host.Privileged);
        Assert.Equal("none", host.NetworkMode);
        Assert.Equal((536_870_912, 536_870_912, 1_000_000_000, 128L), (host.Memory, host.MemorySwap, host.NanoCPUs, host.PidsLimit));
        Assert.Equal(128, host.CPUShares);
        Assert.Equal(500, host.OomScoreAdj);
        Assert.Equal(134_217_728, host.ShmSize);
        Assert.Equal("none", host.LogConfig?.Type);
        Assert.Equal($"rw,exec,nosuid,nodev,size=268435456,nr_inodes=65536,uid={spec.User},gid={spec.User},mode=0755", host.Tmpfs!["/root"]);
        Assert.Equal("rw,exec,nosuid,nodev,size=67108864,nr_inodes=16384,mode=1777", host.Tmpfs!["/tmp"]);
        Assert.Equal(2, host.Tmpfs!.Count);
        Assert.False(host.Init);
        Assert.Equal(RestartPolicyKind.No, host.RestartPolicy?.Name);
        Assert.Equal(
            ["core 0 0", "msgqueue 0 0", "nofile 20000 20000", "nproc 128 128", "sigpending 8192 8192"],
            host.Ulimits!.Select(limit => $"{limit.Name} {limit.Soft} {limit.Hard}").Order());
        Assert.Equal("runc", host.Runtime);
        Assert.Equal(
            [$"{bench.Folder.GroupFile(spec.User)} /etc/group False", $"{bench.Folder.HostsFile} /etc/hosts False", $"{bench.Folder.PasswdFile(spec.User)} /etc/passwd False",
                $"{bench.Folder.Guest} /podflare/guest False", $"{bench.Folder.SocketFolder(spec.Sandbox)} /podflare/s False"],
            found.Mounts!.Select(mount => $"{mount.Source} {mount.Destination} {mount.RW}").OrderBy(mount => mount.Split(' ')[1], StringComparer.Ordinal));
        var config = found.Config!;
        Assert.Equal(("0:0", "/root", "sandbox", true), (config.User, config.WorkingDir, config.Hostname, config.NetworkDisabled));
        Assert.Equal(["python3", "-I", "-S", "/podflare/guest/main.py", "--user", $"{spec.User}", "--otlp-port", "4318"], [.. config.Entrypoint, .. config.Cmd ?? []]);
        // The variables of pip are the image's: without the first, pip installs nothing into a home.
        Assert.Equal(
            ["HOME=/root", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PIP_BREAK_SYSTEM_PACKAGES=1", "PIP_DISABLE_PIP_VERSION_CHECK=1"],
            config.Env.Order());
        Assert.Equal(
            (bench.Owner.Cluster, bench.Owner.Host, spec.Sandbox.Value, "default", $"{spec.User}"),
            (config.Labels!["podflare.cluster"], config.Labels["podflare.host"], config.Labels["podflare.sandbox"], config.Labels["podflare.template"],
                config.Labels["podflare.user"]));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_listed_container_is_there_until_it_is_removed_and_removing_it_again_is_fine()
    {
        var spec = bench.Spec();
        var (id, _) = await bench.StartAsync(spec);
        Assert.Contains(new HostContainer(id, spec.Sandbox, "default", Running: true, 512 << 20, spec.User), await bench.Runtime.ListAsync(Stopped));
        await bench.Docker.Containers.KillContainerAsync(id, new ContainerKillParameters(), Stopped);
        await bench.Docker.Containers.WaitContainerAsync(id, Stopped);
        Assert.Contains(new HostContainer(id, spec.Sandbox, "default", Running: false, 512 << 20, spec.User), await bench.Runtime.ListAsync(Stopped));
        await Task.WhenAll(bench.Runtime.RemoveAsync(id, Stopped), bench.Runtime.RemoveAsync(id, Stopped));
        await bench.Runtime.RemoveAsync(id, Stopped);
        await GoneAsync(spec.Sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_container_of_another_host_is_not_listed()
    {
        using var other = new DockerRuntime(
            bench.Owner with { Host = "00000000" }, bench.Folder, Microsoft.Extensions.Options.Options.Create(new EngineOptions()),
            Microsoft.Extensions.Options.Options.Create(new IsolationOptions()), bench.Egress, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<DockerRuntime>.Instance);
        var (id, _) = await bench.StartAsync(bench.Spec());
        Assert.DoesNotContain(await other.ListAsync(Stopped), container => container.Id == id);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_users_of_all_containers_on_the_engine_are_listed()
    {
        var spec = bench.Spec();
        await bench.StartAsync(spec);
        Assert.Contains(new TakenUser(spec.User, bench.Owner.Cluster, bench.Owner.Host), await bench.Runtime.ListUsersAsync(Stopped));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_missing_image_is_named_and_nothing_is_left()
    {
        var spec = bench.Spec() with { Image = "podflare/never-built:local" };
        bench.Listener.Open(spec.Sandbox);
        var error = await Assert.ThrowsAsync<ContainerStartException>(() => bench.Runtime.StartAsync(spec, Stopped));
        Assert.False(error.Retry);
        Assert.Contains("podflare/never-built:local", error.Message, StringComparison.Ordinal);
        await GoneAsync(spec.Sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_container_that_can_be_made_but_not_started_is_removed()
    {
        // The kernel refuses such a tmpfs when it is mounted: create succeeds, start does not.
        var spec = bench.Spec() with { HomeBytes = -1 };
        bench.Listener.Open(spec.Sandbox);
        await Assert.ThrowsAsync<ContainerStartException>(() => bench.Runtime.StartAsync(spec, Stopped));
        await GoneAsync(spec.Sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_caller_that_leaves_at_any_moment_leaves_nothing_behind()
    {
        for (var delay = 0; delay < 240; delay += 30)
        {
            var spec = bench.Spec();
            bench.Listener.Open(spec.Sandbox);
            using var leaving = new CancellationTokenSource(TimeSpan.FromMilliseconds(delay));
            try
            {
                await bench.Runtime.RemoveAsync(await bench.Runtime.StartAsync(spec, leaving.Token), Stopped);
            }
            catch (OperationCanceledException)
            {
            }

            await GoneAsync(spec.Sandbox);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task An_engine_that_is_not_there_may_be_tried_again()
    {
        using var runtime = bench.With(new EngineOptions { Endpoint = $"unix://{bench.Folder.Path}/nobody.sock" });
        var error = await Assert.ThrowsAsync<ContainerStartException>(() => runtime.StartAsync(bench.Spec(), Stopped));
        Assert.True(error.Retry);
        await Assert.ThrowsAsync<ContainerRemoveException>(() => runtime.RemoveAsync("0123", Stopped));
        await foreach (var death in runtime.WatchDeathsAsync(Stopped)) Assert.Fail($"{death}");
    }

    [Fact(Timeout = 120_000)]
    public async Task An_engine_that_never_answers_is_given_up()
    {
        var path = $"{bench.Folder.Path}/mute.sock";
        using var mute = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        mute.Bind(new UnixDomainSocketEndPoint(path));
        mute.Listen(16);
        using var runtime = bench.With(new EngineOptions { Endpoint = $"unix://{path}", StartSeconds = 0.2, RemoveSeconds = 0.2, ListSeconds = 0.2 });
        var error = await Assert.ThrowsAsync<ContainerStartException>(() => runtime.StartAsync(bench.Spec(), Stopped));
        Assert.True(error.Retry);
        await Assert.ThrowsAsync<ContainerEngineException>(() => runtime.ListAsync(Stopped));
        using var leaving = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var death in runtime.WatchDeathsAsync(leaving.Token)) Assert.Fail($"{death}");
        });
    }

    [Fact(Timeout = 120_000)]
    public async Task A_death_is_told_with_its_sandbox()
    {
        var spec = bench.Spec();
        var (id, _) = await bench.StartAsync(spec);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stopped);
        var told = new TaskCompletionSource<ContainerDeath>();
        var watching = WatchAsync();
        // Nothing says when the engine has begun to tell: other containers die until one death is told.
        while (!told.Task.IsCompleted)
        {
            await bench.Docker.Containers.KillContainerAsync(id, new ContainerKillParameters(), Stopped);
            if (await Task.WhenAny(told.Task, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, Stopped)) == told.Task) break;
            await bench.Docker.Containers.StartContainerAsync(id, new ContainerStartParameters(), Stopped);
        }

        Assert.Equal(new ContainerDeath(id, spec.Sandbox), await told.Task);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);

        async Task WatchAsync()
        {
            await foreach (var death in bench.Runtime.WatchDeathsAsync(stop.Token))
            {
                if (death.Sandbox == spec.Sandbox) told.TrySetResult(death);
            }
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_container_that_the_kernel_kills_for_memory_is_told_from_one_that_somebody_kills_after_a_program_needed_too_much()
    {
        var spec = bench.Spec();
        bench.Listener.Open(spec.Sandbox);
        var settings = ContainerSettings.Of(spec, bench.Owner, bench.Folder, bench.Egress, ContainerIsolation.From(new IsolationOptions()));
        (settings.Entrypoint, settings.Cmd) = (["python3", "-c", "x = bytearray(700 << 20)"], []);
        var full = (await bench.Docker.Containers.CreateContainerAsync(settings, Stopped)).ID;
        await bench.Docker.Containers.StartContainerAsync(full, new ContainerStartParameters(), Stopped);
        await bench.Docker.Containers.WaitContainerAsync(full, Stopped);
        Assert.True(await bench.Runtime.WasKilledForMemoryAsync(full, Stopped));

        var (killed, other) = await bench.StartAsync(bench.Spec());
        var events = other.Attach();
        await other.SendAsync(EngineBench.Run("x = bytearray(700 << 20)"), Stopped);
        while (await events.ReadAsync(Stopped) is not GuestRunEnded { Reason: ExitReason.Oom })
        {
        }

        Assert.False(await bench.Runtime.WasKilledForMemoryAsync(killed, Stopped));
        await bench.Docker.Containers.KillContainerAsync(killed, new ContainerKillParameters(), Stopped);
        await bench.Docker.Containers.WaitContainerAsync(killed, Stopped);
        var state = (await bench.Docker.Containers.InspectContainerAsync(killed, Stopped)).State!;
        Assert.Equal((true, 137), (state.OOMKilled, state.ExitCode));
        Assert.False(await bench.Runtime.WasKilledForMemoryAsync(killed, Stopped));
        Assert.False(await bench.Runtime.WasKilledForMemoryAsync("0123", Stopped));
    }

    private async Task GoneAsync(SandboxId sandbox)
    {
        Assert.DoesNotContain(await bench.Runtime.ListAsync(Stopped), container => container.Sandbox == sandbox);
        await bench.Listener.CloseAsync(sandbox);
    }
}
