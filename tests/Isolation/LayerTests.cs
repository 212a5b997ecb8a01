using System.Reflection;
using System.Runtime.InteropServices;
using Docker.DotNet.Models;
using Podflare.Containers;

namespace Podflare.Isolation;

/// <summary>Each layer holds an attempt, and without the layer the attempt succeeds.</summary>
public sealed class LayerTests(Wall wall)
{
    private const string SetuidImage = "podflare/test-setuid:local";

    [Fact(Timeout = 120_000)]
    public Task Vsock_is_refused() => HoldsOnlyWithAsync("vsock", Without.SeccompProfile);

    [Fact(Timeout = 120_000)]
    public Task A_32_bit_call_ends_the_process() => HoldsOnlyWithAsync("thirty_two_bit", Without.SeccompProfile, onlyX64: true);

    [Fact(Timeout = 120_000)]
    public Task Io_uring_is_refused() => HoldsOnlyWithAsync("io_uring", Without.SeccompProfile);

    [Fact(Timeout = 120_000)]
    public Task Upper_bits_do_not_hide_a_socket_family() => HoldsOnlyWithAsync("upper_bits", Without.Equality, onlyX64: true);

    [Fact(Timeout = 120_000)]
    public Task A_device_node_is_refused() => HoldsOnlyWithAsync("device_node", Without.CapabilityDrop, given: AllowDeviceNodes);

    [Fact(Timeout = 120_000)]
    public Task The_root_is_read_only() => HoldsOnlyWithAsync("root_written", Without.ReadOnlyRoot);

    [Fact(Timeout = 120_000)]
    public Task Swap_adds_no_memory() => HoldsOnlyWithAsync("swap", Without.SwapLimit);

    [Fact(Timeout = 120_000)]
    public Task The_host_reveals_little() => HoldsOnlyWithAsync("host_reveals", Without.Masks);

    [Fact(Timeout = 120_000)]
    public Task Tmpfs_honours_no_devices() => HoldsOnlyWithAsync("tmpfs_device", Without.TmpfsFlags, given: AllowDeviceNodes + (Action<CreateContainerParameters>)AddDeviceCapability);

    [Fact(Timeout = 120_000)]
    public Task Shared_memory_is_bounded() => HoldsOnlyWithAsync("shared_memory", Without.SharedMemorySize);

    [Fact(Timeout = 120_000)]
    [NeedsLayer(IsolationLayers.Landlock)]
    public Task The_supervisor_is_never_the_victim() => HoldsOnlyWithAsync("victim", Without.Landlock);

    [Fact(Timeout = 120_000)]
    public async Task A_setuid_program_gains_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("pf-image-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), "FROM podflare/default:local\nRUN cp /usr/bin/id /usr/local/bin/rootid && chmod 4755 /usr/local/bin/rootid\n", TestContext.Current.CancellationToken);
            Environment.SetEnvironmentVariable("DOCKER_BUILDKIT", "0");
            await ProcessOutput.ReadAsync("docker", "build", "-q", "-t", SetuidImage, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        // The guest's own Landlock forbids new privileges as well, so it is away in both.
        await HoldsOnlyWithAsync("setuid", Without.NoNewPrivileges, given: settings =>
        {
            settings.Image = SetuidImage;
            Without.Landlock(settings);
        });
    }

    [Fact(Timeout = 120_000)]
    public Task Only_loopback_exists() => HoldsOnlyWithAsync("loopback", Without.NetworkOff);

    [Fact(Timeout = 120_000)]
    public Task A_fork_bomb_stops_at_its_limit() => HoldsOnlyWithAsync("fork_bomb", Without.ProcessLimit);

    [Fact(Timeout = 120_000)]
    public Task The_host_path_is_hidden() => HoldsOnlyWithAsync("host_path", Without.PrivateCgroup);

    [Fact(Timeout = 120_000)]
    public Task The_socket_cannot_be_replaced() => HoldsOnlyWithAsync("socket_replaced", Without.ReadOnlySocket);

    [Fact(Timeout = 120_000)]
    public Task A_fresh_REPL_runs_no_user_code_first() => HoldsOnlyWithAsync("fresh", Without.CleanStart(wall));

    [Fact(Timeout = 120_000)]
    public Task A_neighbour_keeps_its_inotify_instances() => HoldsOnlyWithOwnUsersAsync("inotify");

    [Fact(Timeout = 120_000)]
    public Task A_neighbour_keeps_its_pipe_buffers() => HoldsOnlyWithOwnUsersAsync("pipes");

    [Fact(Timeout = 120_000)]
    public Task A_neighbour_keeps_its_queued_signals() => HoldsOnlyWithOwnUsersAsync("signals");

    [Fact(Timeout = 120_000)]
    public Task A_neighbour_keeps_its_descriptors_in_flight() => HoldsOnlyWithOwnUsersAsync("flight");

    // The profile has no mknod: without that, the capability alone would not be tested.
    private static void AllowDeviceNodes(CreateContainerParameters settings) => Without.SeccompProfile(settings);

    private static void AddDeviceCapability(CreateContainerParameters settings) => settings.HostConfig!.CapAdd!.Add("MKNOD");

    private async Task HoldsOnlyWithAsync(string attempt, Action<CreateContainerParameters> without, Action<CreateContainerParameters>? given = null, bool onlyX64 = false)
    {
        Assert.SkipUnless(!onlyX64 || RuntimeInformation.OSArchitecture is Architecture.X64, "It is about calls of x86_64.");
        SkipWithoutLayer();
        Assert.Equal("held", await wall.TryAsync($"layers/{attempt}", given));
        Assert.StartsWith("broken:", await wall.TryAsync($"layers/{attempt}", given + without), StringComparison.Ordinal);
    }

    private void SkipWithoutLayer()
    {
        if (TestContext.Current.TestMethod is not { MethodName: var name }) return;
        var why = NeedsLayerAttribute.WhySkipped(GetType().GetMethod(name, BindingFlags.Instance | BindingFlags.Public)!, wall);
        Assert.SkipWhen(why is not null, why ?? "");
    }

    private async Task HoldsOnlyWithOwnUsersAsync(string what)
    {
        Assert.Equal("held", await NeedAsync(what, shared: false));
        Assert.StartsWith("broken:", await NeedAsync(what, shared: true), StringComparison.Ordinal);
    }

    /// <summary>One container takes all there is; the other needs a little.</summary>
    private async Task<string> NeedAsync(string what, bool shared)
    {
        var first = await wall.StartAsync();
        var second = wall.Spec();
        var neighbour = await wall.StartAsync(spec: shared ? second with { User = first.Spec.User } : second);
        try
        {
            Assert.StartsWith("taken", await first.TryAsync($"layers/{what}_take"), StringComparison.Ordinal);
            return await neighbour.TryAsync($"layers/{what}_need");
        }
        finally
        {
            await wall.RemoveAsync(first);
            await wall.RemoveAsync(neighbour);
        }
    }
}
