using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podflare.Containers;
using Podflare.Egress;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>The pool with a scripted engine. All of it runs on one scheduler that takes turns, as in its grain.</summary>
public sealed class ContainerPoolTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);
    private static readonly TenantId A = new("a");
    private static readonly TenantId B = new("b");
    private static readonly int[] Rising = [1, 2, 3, 4, 5, 6, 6, 6];
    private static readonly int[] Falling = [5, 4, 3, 2, 1, 1];

    private readonly FakeTimeProvider _time = new();
    private long _available = long.MaxValue;
    private (long Idle, long Total) _cpu;
    private readonly ScriptedStarter _starter = new();
    private readonly TaskScheduler _turns = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

    [Fact(Timeout = 30_000)]
    public Task Claims_at_one_moment_get_containers_of_their_own_and_starts_are_bounded() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 3, poolMax: 50);
        pool.Tick();
        await FinishAllAsync();
        Assert.Equal(3, Parked(pool));
        var claims = Enumerable.Range(0, 100).Select(_ => Claim(pool, A)).ToArray();
        await FinishAllAsync();
        var given = await Task.WhenAll(claims);
        Assert.Equal(100, given.Select(ready => ready.Sandbox).Distinct().Count());
        Assert.Equal(4, _starter.MostAtOnce);
        Assert.Equal(50, Parked(pool));
        Assert.Equal(_starter.Started, given.Length + Parked(pool));
        Assert.DoesNotContain(given, ready => _starter.Parked.Contains(ready.Sandbox) || _starter.Removed.Contains(ready.Sandbox));
    });

    [Fact(Timeout = 30_000)]
    public Task However_claims_leave_every_container_is_somebodys_or_parked_or_removed() => InTurnAsync(async () =>
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var pool = Make(poolMin: random.Next(3), poolMax: 8, slots: 12);
            var claims = new List<(Task<ContainerEntry> Claim, CancellationTokenSource Leaving)>();
            for (var step = 0; step < 60; step++)
            {
                switch (random.Next(4))
                {
                    case 0:
                        var leaving = new CancellationTokenSource();
                        claims.Add((pool.ClaimAsync(random.Next(2) == 0 ? A : B, Shape(random.Next(4) == 0 ? 256 : 512), null, Wait, leaving.Token), leaving));
                        break;
                    case 1 when claims.Count > 0:
                        await claims[random.Next(claims.Count)].Leaving.CancelAsync();
                        break;
                    case 2 when _starter.Starting.Count > 0:
                        _starter.Finish(random.Next(8) == 0 ? new ContainerStartException("no", retry: true) : null);
                        break;
                    default:
                        pool.Tick();
                        break;
                }

                if (random.Next(2) == 0) await Task.Yield();
            }

            await FinishAllAsync();
            _time.Advance(Wait);

            // A claim that is cancelled leaves by way of another thread; what is started in its place comes after the rest has finished.
            while (!claims.TrueForAll(claim => claim.Claim.IsCompleted))
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                await FinishAllAsync();
                await Task.Yield();
            }

            await FinishAllAsync();
            var given = claims.Where(claim => claim.Claim.IsCompletedSuccessfully).Select(claim => claim.Claim.Result.Sandbox).ToArray();
            Assert.Equal(given.Length, given.Distinct().Count());
            Assert.DoesNotContain(given, id => _starter.Removed.Contains(id) || _starter.Parked.Contains(id));
            Assert.Equal(given.Length + Parked(pool), pool.Ledger.Used);
            Assert.Equal(0, pool.Waiting);
            pool.Close();
            Assert.True(pool.IsEmpty);
            Assert.Empty(_starter.Parked);
        }
    });

    [Fact(Timeout = 30_000)]
    public Task Tenants_take_turns_so_that_a_burst_of_one_does_not_starve_another() => InTurnAsync(async () =>
    {
        var pool = Make(poolMax: 0);
        var burst = Enumerable.Range(0, 40).Select(_ => Claim(pool, A)).ToArray();
        var late = Enumerable.Range(0, 3).Select(_ => Claim(pool, B)).ToArray();
        for (var done = 0; done < 12; done++) await FinishOneAsync();
        await Task.WhenAll(late).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.InRange(burst.Count(claim => claim.IsCompletedSuccessfully), 4, 9);
    });

    [Fact(Timeout = 30_000)]
    public Task In_a_full_line_the_tenant_with_most_claims_gives_one_up() => InTurnAsync(async () =>
    {
        var pool = Make(poolMax: 0, maxWaiting: 6);
        var burst = Enumerable.Range(0, 11).Select(_ => Claim(pool, A)).ToArray();
        await Assert.ThrowsAsync<NoCapacityException>(() => burst[10]);
        var late = Claim(pool, B);
        await Assert.ThrowsAsync<NoCapacityException>(() => burst[9]);
        await FinishAllAsync();
        Assert.NotNull(await late);
        await Task.WhenAll(burst[..9]);
    });

    [Fact(Timeout = 30_000)]
    public Task A_claim_waits_for_room_as_long_as_it_may_and_is_then_refused() => InTurnAsync(async () =>
    {
        var pool = Make(poolMax: 0, slots: 2);
        var (first, second) = (Claim(pool, A), Claim(pool, A));
        await FinishAllAsync();
        await Task.WhenAll(first, second);
        await Assert.ThrowsAsync<NoCapacityException>(() => Claim(pool, A, wait: TimeSpan.Zero));
        var (third, fourth) = (Claim(pool, A), Claim(pool, A));
        Release(pool, await first);
        await FinishAllAsync();
        Assert.NotNull(await third);
        Assert.False(fourth.IsCompleted);
        _time.Advance(Wait);
        await Assert.ThrowsAsync<NoCapacityException>(() => fourth);
    });

    [Fact(Timeout = 30_000)]
    public Task Memory_is_promised_no_more_than_the_host_may_and_parked_containers_make_room() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 4, poolMax: 4, memoryMib: 2048);
        pool.Tick();
        await FinishAllAsync();
        Assert.Equal((4, 128L << 20), (Parked(pool), pool.Ledger.UsedBytes));
        var first = ClaimOtherKind();
        await FinishAllAsync();
        Assert.NotNull(await first);
        _starter.HoldRemovals = true;
        var large = ClaimOtherKind();
        // One after the other is given up for it, until there is room.
        for (var gone = 0; gone < 4; gone++)
        {
            Assert.Equal(gone + 1, _starter.Removed.Count);
            _starter.FinishRemoval(_starter.Removed.Last());
        }

        Assert.Equal(1024L << 20, Assert.Single(_starter.Starting).MemoryBytes);
        await FinishAllAsync();
        Assert.NotNull(await large);
        Assert.Equal((0, 2048L << 20), (Parked(pool), pool.Ledger.UsedBytes));
        await Assert.ThrowsAsync<NoCapacityException>(() => Claim(pool, A, wait: TimeSpan.Zero));

        // No parked container can become one with a network.
        Task<ContainerEntry> ClaimOtherKind() => pool.ClaimAsync(A, Shape(1024) with { Egress = EgressKind.Open }, null, Wait, TestContext.Current.CancellationToken);
    });

    [Fact(Timeout = 30_000)]
    public Task A_parked_container_counts_its_limit_when_it_is_claimed() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 3, poolMax: 3, memoryMib: 1100);
        pool.Tick();
        await FinishAllAsync();
        Assert.Equal((3, 96L << 20), (Parked(pool), pool.Ledger.UsedBytes));
        var (first, _) = (await Claim(pool, A), await Claim(pool, A));
        Assert.Equal((1, 1056L << 20), (Parked(pool), pool.Ledger.UsedBytes));
        await Assert.ThrowsAsync<NoCapacityException>(() => Claim(pool, A, wait: TimeSpan.Zero));
        Assert.Equal(1, Parked(pool));

        // The parked one is given to whoever waits as soon as its limit fits.
        var started = _starter.Started;
        var third = Claim(pool, A);
        Release(pool, first);
        Assert.NotNull(await third);
        Assert.Equal(started, _starter.Started);
    });

    [Fact(Timeout = 30_000)]
    public Task Nothing_is_started_that_the_memory_of_the_machine_could_not_hold() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 1, poolMax: 1);
        _available = 512L << 20;
        pool.Tick();
        Assert.Empty(_starter.Starting);
        await Assert.ThrowsAsync<NoCapacityException>(() => Claim(pool, A, wait: TimeSpan.Zero));
        var claim = Claim(pool, A);
        _available = 1536L << 20;
        pool.Tick();
        await FinishAllAsync();
        Assert.NotNull(await claim);
    });

    [Fact(Timeout = 30_000)]
    public Task The_depth_follows_demand_between_its_bounds() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 1, poolMax: 6);
        pool.Tick();
        await FinishAllAsync();
        Assert.Equal(1, Parked(pool));
        foreach (var expected in Rising)
        {
            await Claim(pool, A);
            pool.Fill();
            await FinishAllAsync();
            Assert.Equal(expected, Parked(pool));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        _time.Advance(TimeSpan.FromSeconds(31));
        foreach (var expected in Falling)
        {
            pool.Tick();
            Assert.Equal(expected, Parked(pool));
        }

        Assert.Equal(2, _starter.MostAtOnce);
    });

    [Fact(Timeout = 30_000)]
    public Task A_parked_container_that_has_died_is_never_handed_out() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 2, poolMax: 2);
        pool.Tick();
        await FinishAllAsync();
        var (silent, told) = (_starter.Parked.First(), _starter.Parked.Last());
        _starter.Dead.UnionWith([silent, told]);
        Assert.True(pool.Drop(told));
        Assert.False(pool.Drop(told));
        var claim = Claim(pool, A);
        await FinishAllAsync();
        Assert.DoesNotContain((await claim).Sandbox, new[] { silent, told });
        Assert.Equal([silent, told], _starter.Removed.Order(Comparer<SandboxId>.Create((a, b) => a == silent ? -1 : 1)));
    });

    [Fact(Timeout = 30_000)]
    public Task A_pool_that_cannot_be_filled_is_tried_again_ever_more_slowly_while_claims_are_told() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 1, poolMax: 1);
        var failure = new ContainerStartException("the image is missing", retry: false);
        for (var second = 0; second < 300; second++)
        {
            pool.Tick();
            if (_starter.Starting.Count > 0) _starter.Finish(failure);
            await Task.Yield();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_starter.Started, 8, 12);
        var claim = Claim(pool, A);
        _starter.Finish(failure);
        Assert.Same(failure, await Assert.ThrowsAsync<ContainerStartException>(() => claim));
        Assert.Equal(0, pool.Ledger.Used);
    });

    [Fact(Timeout = 30_000)]
    public Task A_pool_in_use_grows_to_its_share_of_the_memory_while_the_cpu_is_idle() => InTurnAsync(async () =>
    {
        // 10 % of 1 GiB are 6 containers of 16 MiB.
        var pool = Make(poolMax: null, idleShare: 0.1);
        await IdleAsync(pool, seconds: 10);
        Assert.Equal(0, Parked(pool));
        var claim = Claim(pool, A);
        await FinishAllAsync();
        Release(pool, await claim);
        await BusyAsync(pool, seconds: 10);
        Assert.Equal(1, Parked(pool));
        await IdleAsync(pool, seconds: 1);
        Assert.Equal(3, Parked(pool));
        await IdleAsync(pool, seconds: 60);
        Assert.Equal(6, Parked(pool));

        // Demand has long been forgotten; a burst finds all of them.
        var started = _starter.Started;
        var burst = Enumerable.Range(0, 6).Select(_ => Claim(pool, A)).ToArray();
        Assert.All(burst, served => Assert.True(served.IsCompletedSuccessfully));
        Assert.Equal(started, _starter.Started);
        foreach (var served in burst) Release(pool, await served);

        // What nobody has used for ten minutes is given back.
        await IdleAsync(pool, seconds: 30);
        Assert.Equal(6, Parked(pool));
        await IdleAsync(pool, seconds: 700);
        Assert.Equal(0, Parked(pool));
    });

    [Fact(Timeout = 30_000)]
    public Task Containers_that_wait_for_a_burst_are_given_back_when_memory_is_short() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 1, poolMax: null, idleShare: 0.25);
        await IdleAsync(pool, seconds: 30);
        Assert.Equal(16, Parked(pool));
        _available = 0;
        await IdleAsync(pool, seconds: 2);
        Assert.Equal(1, Parked(pool));
        _available = long.MaxValue;
        await IdleAsync(pool, seconds: 30);
        Assert.Equal(16, Parked(pool));
    });

    [Fact(Timeout = 30_000)]
    public Task The_slots_and_the_template_bound_how_many_wait_for_a_burst() => InTurnAsync(async () =>
    {
        var bounded = Make(poolMin: 1, poolMax: 3, idleShare: 0.5);
        await IdleAsync(bounded, seconds: 30);
        Assert.Equal(3, Parked(bounded));
        var small = Make(poolMin: 1, poolMax: null, slots: 10, idleShare: 0.5);
        await IdleAsync(small, seconds: 30);
        // The rest is for starts that somebody waits for.
        Assert.Equal(6, Parked(small));
    });

    [Fact(Timeout = 30_000)]
    public Task A_claim_with_other_limits_takes_a_parked_container_whose_limits_are_changed() => InTurnAsync(async () =>
    {
        var pool = Make(poolMin: 2, poolMax: 2);
        pool.Tick();
        await FinishAllAsync();
        var started = _starter.Started;
        var parked = _starter.Parked.ToArray();
        var given = await Claim(pool, A, memoryMib: 2048);
        Assert.Contains(given.Sandbox, parked);
        Assert.Equal(Shape(2048), _starter.Resized[given.ContainerId!]);
        Assert.Equal(2048L << 20, given.MemoryBytes);
        Assert.Equal((2048L + 32) << 20, pool.Ledger.UsedBytes);
        Assert.Equal(started, _starter.Started);

        // One whose limits could not be changed is nobody's, and the claim gets a new one.
        _starter.RefusesToResize = true;
        var claim = Claim(pool, A, memoryMib: 1024);
        await FinishAllAsync();
        var fresh = await claim;
        Assert.DoesNotContain(fresh.Sandbox, parked);
        Assert.Equivalent(parked.Where(id => id != given.Sandbox), _starter.Removed, strict: true);
        Assert.Equal(1024L << 20, fresh.MemoryBytes);
    });

    [Fact]
    public void Limits_are_changed_only_under_runtimes_that_can_and_only_where_nothing_else_differs()
    {
        var shape = Shape();
        Assert.True(shape.CanBecome(Shape(1024)));
        Assert.True(shape.CanBecome(shape with { HomeBytes = 1, TmpBytes = 2, ShmBytes = 3, Cpus = 4 }));
        Assert.True((shape with { Runtime = "crun" }).CanBecome(Shape(1024) with { Runtime = "crun" }));
        Assert.False((shape with { Runtime = "runsc" }).CanBecome(Shape(1024) with { Runtime = "runsc" }));
        Assert.False(shape.CanBecome(Shape(1024) with { Egress = EgressKind.Open }));
        Assert.False(shape.CanBecome(Shape(1024) with { Image = "other" }));
        Assert.False(shape.CanBecome(Shape(1024) with { Pids = 1 }));
    }

    private async Task PassAsync(ContainerPool pool, int seconds, bool idle)
    {
        for (var second = 0; second < seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _cpu = (_cpu.Idle + (idle ? 80 : 20), _cpu.Total + 100);
            pool.Tick();
            await FinishAllAsync();
        }
    }

    private Task IdleAsync(ContainerPool pool, int seconds) => PassAsync(pool, seconds, idle: true);

    private Task BusyAsync(ContainerPool pool, int seconds) => PassAsync(pool, seconds, idle: false);

    private ContainerPool Make(int poolMin = 0, int? poolMax = 8, int slots = 1_000, int maxWaiting = 256, int memoryMib = 1 << 20, double idleShare = 0)
    {
        var templates = new TemplateOptions();
        templates.Clear();
        templates["t"] = new Template { Image = "i", PoolMin = poolMin, PoolMax = poolMax };
        var options = new HostOptions { Slots = slots, MaxWaiting = maxWaiting, PoolMemoryShare = idleShare };
        var memory = new HostMemory(options, 1L << 30, () => _available);
        return _starter.Pool = new ContainerPool(
            "00000001", templates, options, memory, new ContainerLedger(slots, (long)memoryMib << 20, _time), _starter, new HostCpu(() => _cpu), _time, NullLogger.Instance);
    }

    private static Task<ContainerEntry> Claim(ContainerPool pool, TenantId tenant, int memoryMib = 512, TimeSpan? wait = null) =>
        pool.ClaimAsync(tenant, Shape(memoryMib), null, wait ?? Wait, TestContext.Current.CancellationToken);

    private static ContainerSpec Shape(int memoryMib = 512) =>
        ContainerSpec.Of(default, "t", new Template { Image = "i" }) with { MemoryBytes = (long)memoryMib << 20 };

    private static void Release(ContainerPool pool, ContainerEntry entry)
    {
        pool.Ledger.Move(entry, ContainerState.Removing);
        pool.Ledger.Remove(entry);
        pool.Serve();
    }

    private static int Parked(ContainerPool pool) => pool.Parked.Sum(part => part.Count);

    private async Task FinishOneAsync()
    {
        _starter.Finish();
        for (var turn = 0; turn < 5; turn++) await Task.Yield();
    }

    private async Task FinishAllAsync()
    {
        while (_starter.Starting.Count > 0) await FinishOneAsync();
    }

    private Task InTurnAsync(Func<Task> test) =>
        Task.Factory.StartNew(test, TestContext.Current.CancellationToken, TaskCreationOptions.None, _turns).Unwrap();
}
