namespace Podflare.Stores;

/// <summary>What is asked of the usage log. A fault's subject is the sandbox id, with <c>final</c> behind it for the last fold; empty where there is none.</summary>
public enum UsageOperation
{
    Fold,
    Read,
}
