namespace Podflare.Limits;

/// <summary>Divides a limit among processes: max-min fair by what each wants.</summary>
public static class QuotaMath
{
    // Where the division leaves less than this of a limit, nothing is left.
    private const double Precision = 1e-9;

    /// <summary>
    /// Divides a limit into parts of any size, such as a rate. A process that wants less than an equal part gets what it wants; the others share the rest
    /// equally. What nobody wants is divided equally among all processes of the cluster, so that each has some when its first request comes.
    /// </summary>
    /// <param name="wanted">What each process wants; negative values count as zero.</param>
    /// <param name="processes">All processes, including those that want nothing.</param>
    /// <returns>The share of each process in <paramref name="wanted"/>. Their sum does not exceed the limit.</returns>
    public static double[] Divide(double limit, IReadOnlyList<double> wanted, int processes)
    {
        var shares = new double[wanted.Count];
        var left = Math.Max(0, limit);
        var open = wanted.Count;
        foreach (var index in Enumerable.Range(0, wanted.Count).OrderBy(index => wanted[index]))
        {
            shares[index] = Math.Min(Math.Max(0, wanted[index]), left / open--);
            left -= shares[index];
        }

        if (left <= Precision * limit) return shares;
        var spare = left / Math.Max(1, Math.Max(processes, wanted.Count));
        for (var i = 0; i < shares.Length; i++) shares[i] += spare;
        return shares;
    }

    /// <summary>As <see cref="Divide"/>, for what comes in whole pieces, such as runs.</summary>
    public static int[] DivideWhole(int limit, IReadOnlyList<int> wanted, int processes)
    {
        var shares = new int[wanted.Count];
        var left = Math.Max(0, limit);
        var open = wanted.Count;
        // Rounded down, so that what is left over goes to those that want most.
        foreach (var index in Enumerable.Range(0, wanted.Count).OrderBy(index => wanted[index]))
        {
            shares[index] = Math.Min(Math.Max(0, wanted[index]), left / open--);
            left -= shares[index];
        }

        var spare = left / Math.Max(1, Math.Max(processes, wanted.Count));
        for (var i = 0; i < shares.Length; i++) shares[i] += spare;
        return shares;
    }

    /// <summary>What a process may hold from now on. It grows only into what no other process holds, and it is told to shrink by what it has too much.</summary>
    /// <param name="target">Its share by the division.</param>
    /// <param name="held">What it holds.</param>
    /// <param name="heldByOthers">What all others hold, including what they were told to release and have not reported yet.</param>
    public static double Grant(double limit, double target, double held, double heldByOthers) =>
        target <= held ? target : held + Math.Max(0, Math.Min(target - held, limit - heldByOthers - held));
}
