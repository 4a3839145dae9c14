/** What this agent calls itself in evidence; raised with what it does. */
export const agentVersion = 'hccam/1';
