using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

public sealed class ContainerLedgerTests
{
    /// <summary>The whole table. A row that changes here changes who may own a container.</summary>
    private static readonly (ContainerState? From, ContainerState? To)[] Transitions =
    [
        (null, ContainerState.Starting), (null, ContainerState.Adopting), (null, ContainerState.Live),
        (ContainerState.Starting, ContainerState.Parked), (ContainerState.Starting, ContainerState.Leased), (ContainerState.Starting, ContainerState.Removing), (ContainerState.Starting, null),
        (ContainerState.Parked, ContainerState.Leased), (ContainerState.Parked, ContainerState.Removing),
        (ContainerState.Leased, ContainerState.HandedOver), (ContainerState.Leased, ContainerState.Removing),
        (ContainerState.HandedOver, ContainerState.Live), (ContainerState.HandedOver, ContainerState.Adopting), (ContainerState.HandedOver, ContainerState.Removing),
        (ContainerState.Adopting, ContainerState.Live), (ContainerState.Adopting, ContainerState.Removing), (ContainerState.Adopting, null),
        (ContainerState.Live, ContainerState.Live), (ContainerState.Live, ContainerState.Removing), (ContainerState.Live, null),
        (ContainerState.Removing, null),
    ];

    [Fact]
    public void Only_the_transitions_of_the_table_are_allowed()
    {
        ContainerState?[] states = [null, .. Enum.GetValues<ContainerState>()];
        var allowed = from start in states from end in states where ContainerLedger.Allows(start, end) select (start, end);

        Assert.Equal(Transitions.ToHashSet(), allowed.ToHashSet());
    }

    [Fact]
    public void A_container_that_was_given_away_is_never_parked_again() =>
        Assert.DoesNotContain(
            Transitions, step => step.To is ContainerState.Parked && step.From is not ContainerState.Starting);

    [Fact]
    public void Slots_and_memory_are_those_of_the_containers_in_the_ledger_whatever_happens_to_them() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 7], Gen.Long[1, 100]).Array[1, 60].Sample(steps =>
        {
            var ledger = new ContainerLedger(5, 1_000, new FakeTimeProvider());
            var ids = Enumerable.Range(0, 5).Select(_ => SandboxId.New("00000001")).ToArray();
            foreach (var (which, action, bytes) in steps)
            {
                var entry = ledger.Find(ids[which]);
                if (entry is null && action < 7 && ContainerLedger.Allows(null, (ContainerState)action)) ledger.Add(ids[which], (ContainerState)action, bytes);
                else if (entry is not null && action < 7 && ContainerLedger.Allows(entry.State, (ContainerState)action)) ledger.Move(entry, (ContainerState)action);
                else if (entry is not null && action == 7 && ContainerLedger.Allows(entry.State, null)) ledger.Remove(entry);
                else if (entry is not null) ledger.Resize(entry, bytes);
                Assert.Equal((ledger.All.Count, ledger.All.Sum(known => ContainerLedger.Weight(known.State, known.MemoryBytes))), (ledger.Used, ledger.UsedBytes));
            }
        });
}
