using CsCheck;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Tenants take turns at the places of a gate.</summary>
public sealed class FairGateTests
{
    private static readonly TenantId Acme = new("acme");
    private static readonly TenantId Other = new("other");

    [Fact]
    public async Task Another_tenant_does_not_wait_behind_all_waiters_of_one()
    {
        var gate = new FairGate(places: 1, maxWaiting: 100);
        var first = gate.TryEnter(Acme, 1);
        var many = Enumerable.Range(0, 5).Select(_ => gate.EnterAsync(Acme, 1, TestContext.Current.CancellationToken).AsTask()).ToArray();
        var others = gate.EnterAsync(Other, 1, TestContext.Current.CancellationToken).AsTask();

        first!.Dispose();
        (await many[0])!.Dispose();
        using var place = await others;

        Assert.NotNull(place);
        Assert.False(many[1].IsCompleted);
    }

    [Fact]
    public async Task A_tenant_with_all_its_places_leaves_the_rest_to_others()
    {
        var gate = new FairGate(places: 4, maxWaiting: 100);
        using var own = gate.TryEnter(Acme, 1);
        var waits = gate.EnterAsync(Acme, 1, TestContext.Current.CancellationToken).AsTask();

        using var other = await gate.EnterAsync(Other, 1, TestContext.Current.CancellationToken);

        Assert.NotNull(other);
        Assert.False(waits.IsCompleted);
        Assert.Null(gate.TryEnter(Acme, 1));
        own!.Dispose();
        (await waits)!.Dispose();
    }

    [Fact]
    public async Task One_more_than_may_wait_is_refused()
    {
        var gate = new FairGate(places: 1, maxWaiting: 1);
        using var place = gate.TryEnter(Acme, 1);
        var waits = gate.EnterAsync(Acme, 1, TestContext.Current.CancellationToken).AsTask();

        Assert.Null(await gate.EnterAsync(Other, 1, TestContext.Current.CancellationToken));
        place!.Dispose();
        (await waits)!.Dispose();
    }

    [Fact]
    public async Task A_waiter_that_gives_up_leaves_nothing()
    {
        var gate = new FairGate(places: 1, maxWaiting: 1);
        using var place = gate.TryEnter(Acme, 1);
        using var giveUp = new CancellationTokenSource();
        var waits = gate.EnterAsync(Acme, 1, giveUp.Token).AsTask();
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Assert.Equal(0, gate.Waiting);
        place!.Dispose();
        Assert.NotNull(gate.TryEnter(Other, 1));
    }

    [Fact]
    public void Nobody_gets_more_places_than_there_are_and_no_place_is_lost() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]).Array[1, 80].Sample(steps =>
        {
            var gate = new FairGate(places: 3, maxWaiting: 5);
            List<(int Tenant, Task<FairGate.Place?> Entering, CancellationTokenSource Leaving)> callers = [];
            foreach (var (tenant, action) in steps)
            {
                if (action == 0)
                {
                    var leaving = new CancellationTokenSource();
                    callers.Add((tenant, gate.EnterAsync(new TenantId($"t{tenant}"), 2, leaving.Token).AsTask(), leaving));
                }
                else if (callers.FindIndex(caller => caller.Tenant == tenant && caller.Entering.IsCompletedSuccessfully == (action == 1)) is var index and >= 0)
                {
                    if (action == 1) callers[index].Entering.Result?.Dispose();
                    else callers[index].Leaving.Cancel();
                    callers.RemoveAt(index);
                }

                // A place that is given to a waiter reaches it on another thread.
                Assert.True(SpinWait.SpinUntil(() => callers.Count(caller => !caller.Entering.IsCompleted) == gate.Waiting, TimeSpan.FromSeconds(10)));
                var inside = callers.Where(caller => caller.Entering is { IsCompletedSuccessfully: true, Result: not null }).ToArray();
                Assert.True(inside.Length <= 3);
                Assert.All(inside.GroupBy(caller => caller.Tenant), own => Assert.True(own.Count() <= 2));
            }

            foreach (var caller in callers.Where(caller => !caller.Entering.IsCompleted)) caller.Leaving.Cancel();
            foreach (var caller in callers.Where(caller => caller.Entering.IsCompletedSuccessfully)) caller.Entering.Result?.Dispose();
            Assert.All(Enumerable.Range(0, 3), number => Assert.NotNull(gate.TryEnter(new TenantId($"last{number}"), 1)));
        });
}
