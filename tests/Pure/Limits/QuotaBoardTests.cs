using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>The board with processes that ask, lose messages, stall and die: what all of them act on together never exceeds a limit.</summary>
public sealed class QuotaBoardTests
{
    private const double Precision = 1e-6;
    private static readonly TenantId Acme = new("acme");

    private enum Step
    {
        Exchange,
        Ask,
        LoseRequest,
        LoseAnswer,
        WantMore,
        WantLess,
        Pass,
        Die,
    }

    [Theory]
    [InlineData(QuotaKind.Requests, 100, 200)]
    [InlineData(QuotaKind.Running, 10, 0)]
    public void Shares_never_exceed_the_limit_whatever_is_lost(QuotaKind kind, double limit, double burst) =>
        Gen.Select(Gen.Int[0, 3], Gen.Enum<Step>()).Array[1, 200].Sample(steps =>
        {
            var world = new World(kind, limit, burst);
            foreach (var (which, step) in steps)
            {
                world.Do(which, step);
                Assert.True(world.Held <= limit + Precision, $"{world.Held} of {limit} after {step} of {which}");
            }
        });

    [Fact]
    public void Tokens_come_at_the_rate_of_the_limit_whatever_moves_between_processes() =>
        Gen.Select(Gen.Int[0, 3], Gen.Enum<Step>()).Array[1, 200].Sample(steps =>
        {
            var world = new World(QuotaKind.Requests, 100, 200);
            foreach (var (which, step) in steps) world.Do(which, step);

            Assert.True(world.Tokens <= 200 + (100 * world.Seconds) + Precision, $"{world.Tokens} tokens in {world.Seconds} s");
        });

    [Fact]
    public void A_share_moves_only_when_its_holder_has_reported_that_it_shrank()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.Want(0, 20);
        world.Exchange(0);
        Assert.Equal(10, world.Share(0));

        world.Want(1, 20);
        world.Exchange(1);
        Assert.Equal(0, world.Share(1));

        world.Exchange(0);
        Assert.Equal(5, world.Share(0));
        world.LoseRequest(0);
        world.Exchange(1);
        Assert.Equal(0, world.Share(1));

        world.Exchange(0);
        world.Exchange(1);
        Assert.Equal((5, 5), (world.Share(0), world.Share(1)));
    }

    [Fact]
    public void A_process_that_is_silent_for_ten_seconds_has_lost_its_shares()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.Want(0, 20);
        world.Exchange(0);
        world.Want(1, 20);
        world.Pass(TimeSpan.FromSeconds(9.9));
        world.Exchange(1);
        Assert.Equal(0, world.Share(1));

        world.Pass(TimeSpan.FromSeconds(0.2));
        world.Exchange(1);
        Assert.Equal(10, world.Share(1));
    }

    [Fact]
    public void A_report_that_was_overtaken_changes_nothing()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.Want(0, 20);
        var late = world.Compose(0);
        world.Exchange(0);
        Assert.Equal(10, world.Share(0));

        Assert.Empty(world.Board.Exchange(late).Shares);
        world.Want(1, 20);
        world.Exchange(1);
        Assert.Equal(0, world.Share(1));
    }

    [Fact]
    public void A_new_board_grants_nothing_until_it_has_heard_all_processes()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.Want(0, 20);
        world.Exchange(0);
        world.RestartBoard(processes: 3);

        world.Want(1, 20);
        Assert.True(world.Exchange(1));
        Assert.Equal(0, world.Share(1));
        Assert.True(world.Exchange(0));
        Assert.Equal(10, world.Share(0));
        Assert.False(world.Exchange(2));
        world.Exchange(0);
        world.Exchange(0);
        world.Exchange(1);
        Assert.Equal(5, world.Share(1));
    }

    [Fact]
    public void A_new_board_listens_for_two_seconds_where_a_process_does_not_report()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.RestartBoard(processes: 2);
        world.Want(0, 20);
        Assert.True(world.Exchange(0));
        Assert.Equal(0, world.Share(0));

        world.Pass(TimeSpan.FromSeconds(2));
        Assert.False(world.Exchange(0));
        Assert.Equal(10, world.Share(0));
    }

    [Fact]
    public void A_lower_limit_counts_as_soon_as_one_process_knows_it()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.Want(0, 20);
        world.Exchange(0);
        world.Limit(0, 4);
        world.Exchange(0);

        Assert.Equal(4, world.Share(0));
    }

    [Fact]
    public void A_lower_limit_counts_also_for_a_process_that_does_not_know_it()
    {
        var world = new World(QuotaKind.Running, 10, 0);
        world.Want(0, 20);
        world.Limit(0, 4);
        world.Exchange(0);
        world.Want(1, 20);
        world.Exchange(1);

        Assert.Equal((4, 0), (world.Share(0), world.Share(1)));
    }

    [Fact]
    public void A_new_board_brings_no_second_burst()
    {
        var world = new World(QuotaKind.Requests, 100, 200);
        world.Want(0, 100);
        world.Exchange(0);
        Assert.Equal(200, world.Tokens);
        world.RestartBoard(processes: 2);

        world.Want(1, 100);
        world.Exchange(1);
        world.Exchange(2);
        world.Exchange(1);

        Assert.Equal(200, world.Tokens);
    }

    [Fact]
    public void What_a_process_uses_beyond_its_share_is_granted_to_nobody_else()
    {
        var board = new QuotaBoard(new QuotaOptions(), () => 2, new FakeTimeProvider());
        board.Exchange(Exchange("a", wanted: 8, used: 8));

        var share = Assert.Single(board.Exchange(Exchange("b", wanted: 10, used: 0)).Shares);

        Assert.InRange(share.Amount, 0, 2);

        static QuotaExchange Exchange(string process, double wanted, double used) =>
            new(process, 1, [QuotaKind.Running], IsEnforced: false, IsPartial: false, [new QuotaReport(Acme, QuotaKind.Running, 10, 0, wanted, used, 0)]);
    }

    [Fact]
    public void What_nobody_holds_is_forgotten()
    {
        var world = new World(QuotaKind.Requests, 100, 200);
        world.Want(0, 1);
        world.Exchange(0);
        Assert.Equal(1, world.Board.Count);

        world.Pass(TimeSpan.FromSeconds(11));
        world.Exchange(1, nothing: true);
        world.Pass(TimeSpan.FromSeconds(2));
        world.Exchange(1, nothing: true);
        Assert.Equal(0, world.Board.Count);
    }

    /// <summary>A board and processes that act on what they were told, as <see cref="ShareExchange"/> does.</summary>
    private sealed class World
    {
        private static readonly QuotaOptions Options = new();

        private readonly FakeTimeProvider _time = new();
        private readonly QuotaKind _kind;
        private readonly Process[] _processes;
        private int _names;

        public World(QuotaKind kind, double limit, double burst)
        {
            _kind = kind;
            Board = new QuotaBoard(Options, () => 0, _time);
            _processes = [.. Enumerable.Range(0, 4).Select(_ => new Process { Name = $"p{_names++}", Limit = limit, Burst = burst })];
        }

        public QuotaBoard Board { get; private set; }

        /// <summary>What all processes act on now. A process that had no answer for ten seconds acts on nothing that it was granted.</summary>
        public double Held => _processes.Sum(process => IsValid(process) ? process.Share : 0);

        /// <summary>All that was granted of the burst, and all that has come since at the rates that were granted.</summary>
        public double Tokens { get; private set; }

        public double Seconds { get; private set; }

        public double Share(int which) => _processes[which].Share;

        public void Want(int which, double amount) => _processes[which].Wanted = amount;

        public void Limit(int which, double limit) => _processes[which].Limit = limit;

        public void RestartBoard(int processes) => Board = new QuotaBoard(Options, () => processes, _time);

        public void Pass(TimeSpan time)
        {
            Tokens += Held * time.TotalSeconds;
            Seconds += time.TotalSeconds;
            _time.Advance(time);
        }

        public QuotaExchange Compose(int which, bool isPartial = false, bool nothing = false)
        {
            var process = _processes[which];
            if (!IsValid(process)) process.Share = 0;
            process.SentAt = _time.GetTimestamp();
            return new QuotaExchange(
                process.Name, ++process.Sequence, [_kind], IsEnforced: false, isPartial, nothing ? [] : [new QuotaReport(Acme, _kind, process.Limit, process.Burst, process.Wanted, 0, process.Share)]);
        }

        /// <returns>The board listens.</returns>
        public bool Exchange(int which, bool isPartial = false, bool nothing = false)
        {
            var process = _processes[which];
            var answer = Board.Exchange(Compose(which, isPartial, nothing));
            process.AnsweredAt = process.SentAt;
            foreach (var share in answer.Shares)
            {
                process.Share = share.Amount;
                Tokens += share.Tokens;
            }

            return answer.IsListening;
        }

        public void LoseRequest(int which) => Compose(which);

        public void Do(int which, Step step)
        {
            switch (step)
            {
                case Step.Exchange:
                    Exchange(which);
                    break;
                case Step.Ask:
                    Exchange(which, isPartial: true);
                    break;
                case Step.LoseRequest:
                    LoseRequest(which);
                    break;
                case Step.LoseAnswer:
                    Board.Exchange(Compose(which));
                    break;
                case Step.WantMore:
                    _processes[which].Wanted = (_processes[which].Wanted * 2) + 1;
                    break;
                case Step.WantLess:
                    _processes[which].Wanted /= 4;
                    break;
                case Step.Pass:
                    Pass(TimeSpan.FromSeconds(1 + (which * which)));
                    break;
                case Step.Die:
                    // What a killed process held counts until the board has not heard of it for ten seconds; here it no longer acts on it.
                    var (limit, burst) = (_processes[which].Limit, _processes[which].Burst);
                    _processes[which] = new Process { Name = $"p{_names++}", Limit = limit, Burst = burst };
                    break;
            }
        }

        private bool IsValid(Process process) =>
            process.Share > 0 && _time.GetElapsedTime(process.AnsweredAt) < TimeSpan.FromSeconds(Options.SilenceSeconds);

        private sealed class Process
        {
            public required string Name { get; init; }

            public double Limit { get; set; }

            public double Burst { get; init; }

            public double Wanted { get; set; }

            public double Share { get; set; }

            public long Sequence { get; set; }

            public long SentAt { get; set; }

            public long AnsweredAt { get; set; }
        }
    }
}
