namespace Podflare.Cli.Output;

/// <summary>Stdin. A read of a terminal or pipe cannot be canceled, so a canceled caller abandons it.</summary>
internal static class StandardInput
{
    public static Task<string> ReadToEndAsync(CancellationToken cancellationToken) =>
        Task.Run(System.Console.In.ReadToEnd, CancellationToken.None).WaitAsync(cancellationToken);
}
