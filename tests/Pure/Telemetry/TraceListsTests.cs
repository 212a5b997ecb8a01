namespace Podflare.Telemetry;

public sealed class TraceListsTests
{
    public static TheoryData<string[], string?> States => new()
    {
        { ["a=1 , b=2"], "a=1,b=2" },
        { ["a=1", "", "b=2"], "a=1,b=2" },
        { ["a=1,,\t, b=2,"], "a=1,b=2" },
        { [Members(32)], Members(32) },
        { [Members(33)], null },
        { ["0a_*/@-=x"], "0a_*/@-=x" },
        { ["A=1"], null },
        { ["@a=1"], null },
        { [$"{new string('a', 256)}=1"], $"{new string('a', 256)}=1" },
        { [$"{new string('a', 257)}=1"], null },
        { ["a=1=2"], null },
        { ["a=\u0001"], null },
        { ["a="], null },
        { ["a"], null },
        { [$"a={new string('x', 257)}"], null },
        { [""], null },
        { [], null },
        { [$"long={new string('x', 200)},{Short(25)}"], Short(25) },
        { [Short(30)], Short(25) },
    };

    public static TheoryData<string[], string?> Baggages => new()
    {
        { ["k=J%C3%BC;p=1, b=2"], "k=J%C3%BC;p=1,b=2" },
        { ["a=1", "b=2"], "a=1,b=2" },
        { ["a=1,nonsense,b=2"], "a=1,b=2" },
        { [string.Join(',', Enumerable.Range(0, 70).Select(i => $"k{i}=v"))], string.Join(',', Enumerable.Range(0, 64).Select(i => $"k{i}=v")) },
        { [$"a=1,b={new string('x', 8190)},c=3"], "a=1" },
        { [$"a={new string('x', 8190)}"], $"a={new string('x', 8190)}" },
        { [""], null },
    };

    [Theory, MemberData(nameof(States))]
    public void A_tracestate_is_joined_in_order_or_dropped_as_a_whole(string[] values, string? expected) => Assert.Equal(expected, TraceStateList.Read(values));

    [Theory, MemberData(nameof(Baggages))]
    public void Baggage_passes_as_it_came_and_is_cut_at_whole_members(string[] values, string? expected) => Assert.Equal(expected, BaggageList.Read(values));

    private static string Members(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"k{i}=v"));

    // Twenty characters with its comma: 25 of them are the most that fit into 512.
    private static string Short(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"k{i:00}=123456789012345"));
}
